// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

/** What a reward function says about a completion. */
public sealed interface Score {

    /**
     * A reward.
     *
     * @param value finite; {@link WeightedRewards} turns any other number into a {@link Failure}
     */
    record Value(double value) implements Score {}

    /**
     * No reward: the sample is left out of its group's baseline and teaches nothing (its reference is unusable, say).
     */
    record Skip() implements Score {}

    /**
     * The reward function could not do its work. Trainers stop when too many samples fail.
     *
     * @param message which function failed on which problem, and why
     */
    record Failure(String message) implements Score {}

    /** A {@link Value}. */
    static Score of(double value) {
        return new Value(value);
    }

    /** A {@link Skip}. */
    static Score skip() {
        return new Skip();
    }

    /** A {@link Failure}. */
    static Score failure(String message) {
        return new Failure(message);
    }

    /** The value, or NaN for a skip or a failure: the form that a group of rewards takes. */
    default double orNaN() {
        return this instanceof Value(double value) ? value : Double.NaN;
    }
}
