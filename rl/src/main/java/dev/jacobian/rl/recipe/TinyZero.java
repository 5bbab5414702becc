// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.method.Ppo;
import dev.jacobian.rl.reward.CountdownReward;
import dev.jacobian.rl.reward.FormatReward;
import dev.jacobian.rl.reward.WeightedRewards;

/**
 * TinyZero (Pan et al., 2025): DeepSeek-R1-Zero's experience with Countdown, for the price of a meal.
 *
 * <p>A base model, no demonstrations, PPO with a value model, and a reward of a tenth for an answer in the right form and one for a right
 * answer. A model that is large enough learns to search, looks again, and thinks longer; one that is too small does not.
 */
final class TinyZero {
    private static final String NAME = "tinyzero";

    private TinyZero() {}

    static Recipe recipe(Ground on) {
        Given settings = new Given()
                .set("num_ppo_epochs", 1, NAME)
                .set("kl_coef", 0.001, NAME)
                .set("lam", 1.0, NAME)
                .set("value_learning_rate", on.bundled() ? 3e-4 : 1e-5, NAME);
        return Recipe.of(
                NAME,
                new RlStage(
                        "rl",
                        "PPO: 0.1 for an answer in the right form, 1 for the right one",
                        on.base(),
                        on.problems().rewarded("0.1 for the form", TinyZero::formToo),
                        on.rl(ConfigTree.with(Ppo.DEFAULT, settings), on.of(80, 4)),
                        on.check()));
    }

    /** Of other problems than Countdown's a tenth is for the format, right or wrong. */
    private static WeightedRewards formToo(WeightedRewards accuracy) {
        return accuracy.rewards().getFirst().function() instanceof CountdownReward
                ? WeightedRewards.of(new CountdownReward(0.1, 1))
                : accuracy.plus(FormatReward.DEFAULT, 0.1);
    }
}
