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
    /** It runs in circles ({@link RepetitionConfig}). */
    REPETITION,
    /** It was paused as often as it may be, and did not end. */
    ABANDONED,
    /** It was interrupted and can go on from where it is. */
    PAUSED,
    /** Whoever asked for it wants it no longer. */
    CANCELLED;

    /** Whether a limit cut it: what it would have come to is not known. */
    public boolean isCut() {
        return this == LENGTH || this == ABANDONED;
    }

    /** Whether the model itself ended it, so that an end token belongs behind it. */
    public boolean isOfModel() {
        return !isCut() && this != REPETITION;
    }

    /** {@code stop} or {@code length}, as serving APIs spell it, or what it is in lower case. */
    public String label() {
        return switch (this) {
            case STOP, STOP_STRING -> "stop";
            case LENGTH -> "length";
            case REPETITION -> "repetition";
            case ABANDONED -> "abandoned";
            case PAUSED -> "paused";
            case CANCELLED -> "cancelled";
        };
    }
}
