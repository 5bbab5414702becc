// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

/**
 * Settings of a request that leave nothing to choose from: every token is ruled out, or a logit is no number any more. It shows only
 * while tokens are chosen, and it is the request that is to blame, neither the model nor the engine.
 */
public final class UnusableSettingsException extends IllegalStateException {
    UnusableSettingsException(String message) {
        super(message);
    }
}
