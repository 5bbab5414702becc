// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

/** Why a continuation ended. */
public enum FinishReason {
    /** The model ended it with an end token. */
    STOP,
    /** It completed one of the texts that end it. */
    STOP_STRING,
    /** It reached the limit of new tokens. */
    LENGTH,
    /** It was interrupted and can go on from where it is. */
    PAUSED,
    /** Whoever asked for it wants it no longer. */
    CANCELLED;

    /** {@code stop} or {@code length}, as serving APIs spell it, or {@code paused} or {@code cancelled}. */
    public String label() {
        return switch (this) {
            case STOP, STOP_STRING -> "stop";
            case LENGTH -> "length";
            case PAUSED -> "paused";
            case CANCELLED -> "cancelled";
        };
    }
}
