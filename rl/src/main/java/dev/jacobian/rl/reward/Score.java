// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import java.util.Arrays;
import java.util.Optional;

/** What a reward function says about a completion. */
public sealed interface Score {

    /**
     * A reward.
     *
     * @param value finite; {@link WeightedRewards} turns any other number into a {@link Failure}
     */
    record Value(double value) implements Score {}

    /**
     * Rewards given token by token, for the steps of a proof or the turns of a conversation. The completion's reward is their
     * sum; an estimator that knows tokens sees which of them earned what.
     *
     * @param rewards [T] one for each token of the completion, 0 where nothing was earned; copied in and out
     */
    record PerToken(double[] rewards) implements Score {
        /** Copies the array. */
        public PerToken {
            rewards = rewards.clone();
        }

        @Override
        public double[] rewards() {
            return rewards.clone();
        }
    }

    /**
     * No reward: the sample is left out of its group's baseline and teaches nothing (its reference is unusable, say).
     */
    record Skip() implements Score {}

    /**
     * The reward function could not do its work. A trainer stops then, or leaves the sample out as long as its error budget lasts.
     *
     * @param message which function failed on which problem, and why
     */
    record Failure(String message) implements Score {}

    /**
     * The reward function took longer than it may, and was given up.
     *
     * @param message which function on which problem, and how long it had
     */
    record TimedOut(String message) implements Score {}

    /** A {@link Value}. */
    static Score of(double value) {
        return new Value(value);
    }

    /** A {@link PerToken}. */
    static Score perToken(double[] rewards) {
        return new PerToken(rewards);
    }

    /** A {@link Skip}. */
    static Score skip() {
        return new Skip();
    }

    /** A {@link Failure}. */
    static Score failure(String message) {
        return new Failure(message);
    }

    /** Why there is no reward though there should be one; empty for a reward or a skip. */
    default Optional<String> trouble() {
        return switch (this) {
            case Failure(String message) -> Optional.of(message);
            case TimedOut(String message) -> Optional.of(message);
            default -> Optional.empty();
        };
    }

    /** The value or the sum, or NaN for a skip or a failure: the form that a group of rewards takes. */
    default double orNaN() {
        return switch (this) {
            case Value(double value) -> value;
            case PerToken(double[] rewards) -> Arrays.stream(rewards).sum();
            case Skip() -> Double.NaN;
            case Failure(String message) -> Double.NaN;
            case TimedOut(String message) -> Double.NaN;
        };
    }
}
