// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

/** Why a continuation ended. */
public enum FinishReason {
    /** The model ended it with an end token. */
    STOP,
    /** It reached the limit of new tokens. */
    LENGTH;

    /** {@code stop} or {@code length}, as serving APIs spell it. */
    public String label() {
        return this == STOP ? "stop" : "length";
    }
}
