// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment;

import dev.jacobian.rl.episode.Episode;
import dev.jacobian.rl.episode.Turn;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;

/**
 * What the environment itself gave: the sum of its turns' rewards, each at the last token of its turn, so that an estimator that knows
 * tokens sees which turn earned what.
 *
 * <p>An episode of an environment that gave nothing, because it was cut before, earns 0. One in which the environment failed has no
 * reward at all, whatever functions would say of it: it is a failure before they are asked.
 */
public record EnvironmentReward() implements RewardFunction {
    @Override
    public String name() {
        return "environment";
    }

    @Override
    public Score score(Completion completion) {
        Episode episode = completion
                .episode()
                .orElseThrow(() -> new IllegalStateException(
                        "the completion is of no episode; this reward needs a task with an environment"));
        if (episode.reward().isEmpty()) {
            return Score.of(0);
        }
        double[] rewards = new double[completion.tokenIds().length];
        for (Turn turn : episode.turns()) {
            if (turn.end() > 0) {
                rewards[turn.end() - 1] += turn.reward().orElse(0);
            }
        }
        return Score.perToken(rewards);
    }
}
