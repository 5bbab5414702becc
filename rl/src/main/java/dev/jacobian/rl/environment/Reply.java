// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment;

import dev.jacobian.rl.reward.WeightedRewards;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * An environment's answer to a turn.
 *
 * @param observation what the policy is told; nothing is told where the episode is over
 * @param reward what the turn earned, if the environment gives turns a reward
 * @param isDone whether the episode is over
 * @param calls tools that the turn called
 * @param failedCalls those of them that answered with an error
 */
public record Reply(
        Optional<Observation> observation, OptionalDouble reward, boolean isDone, int calls, int failedCalls) {
    public Reply {
        if (!isDone && observation.isEmpty()) {
            throw new IllegalArgumentException("an episode that is not over needs an observation");
        }
        if (Math.abs(reward.orElse(0)) > WeightedRewards.LARGEST || Double.isNaN(reward.orElse(0))) {
            throw new IllegalArgumentException("the reward of a turn is " + reward.orElse(0)
                    + "; it must be a number between -" + WeightedRewards.LARGEST + " and " + WeightedRewards.LARGEST);
        }
        if (failedCalls < 0 || calls < failedCalls) {
            throw new IllegalArgumentException(failedCalls + " of " + calls + " calls failed");
        }
    }

    /** The episode goes on; the turn earned nothing. */
    public static Reply of(Observation observation) {
        return new Reply(Optional.of(observation), OptionalDouble.empty(), false, 0, 0);
    }

    /** The same with a text. */
    public static Reply of(String text) {
        return of(new Observation.Text(text));
    }

    /** The episode goes on. */
    public static Reply of(String text, double reward) {
        return new Reply(Optional.of(new Observation.Text(text)), OptionalDouble.of(reward), false, 0, 0);
    }

    /** The episode is over, and the environment has nothing to say about its worth. */
    public static Reply done() {
        return new Reply(Optional.empty(), OptionalDouble.empty(), true, 0, 0);
    }

    /** The episode is over. */
    public static Reply done(double reward) {
        return new Reply(Optional.empty(), OptionalDouble.of(reward), true, 0, 0);
    }

    /** The same with so many calls of tools. */
    public Reply withCalls(int all, int failed) {
        return new Reply(observation, reward, isDone, all, failed);
    }
}
