// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

/** Why a completion ended. */
public enum FinishReason {
    /** The model ended it with an end token. */
    STOP,
    /** It reached the limit of new tokens. */
    LENGTH
}
