// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import dev.jacobian.rl.judge.RewardModel;
import dev.jacobian.rl.reward.BatchReward.Samples;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import java.util.List;

/**
 * A reward model's verdict on a completion by itself: 1 where it thinks that right is likelier than wrong, else 0. So a model's reward stands beside those of rules,
 * on their scale, also in a mixture of tasks.
 *
 * @param model trained on judged answers: its score is the logarithm of the odds
 */
record VerdictReward(RewardModel model) implements RewardFunction {
    @Override
    public String name() {
        return "verdict";
    }

    @Override
    public Score score(Completion completion) {
        Score score = model.score(List.of(new Samples(List.of(completion), new double[] {Double.NaN})))
                .getFirst()
                .getFirst();
        double odds = score.orNaN();
        return Double.isNaN(odds) ? score : Score.of(odds > 0 ? 1 : 0);
    }

    @Override
    public Running running() {
        return Running.HERE;
    }
}
