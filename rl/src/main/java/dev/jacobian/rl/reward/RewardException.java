// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

/** A reward function failed; the run stops rather than learn from a wrong number. */
public final class RewardException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public RewardException(String message) {
        super(message);
    }
}
