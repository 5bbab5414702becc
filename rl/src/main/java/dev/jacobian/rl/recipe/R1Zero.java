// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import dev.jacobian.rl.method.Grpo;
import dev.jacobian.rl.reward.FormatReward;

/**
 * DeepSeek-R1-Zero (arXiv 2501.12948): reinforcement learning alone, from a base model.
 *
 * <p>The question stands in a template that asks for thinking between {@code <think>} tags and the answer between {@code <answer>} tags. Rules give the reward: for
 * a right answer, and for the format. GRPO takes the mean of a group of samples as the baseline, so that there is no value model. Nothing says
 * how to think: what grows is length, and words with which the model looks again.
 */
final class R1Zero {
    private R1Zero() {}

    static Recipe recipe(Ground on) {
        return Recipe.of(
                "r1-zero",
                new RlStage(
                        "rl",
                        "GRPO: rewards for the right answer and for the format, nothing to imitate",
                        on.base(),
                        on.problems(Ground.R1_TEMPLATE)
                                .rewarded("0.2 for the format", accuracy -> accuracy.plus(FormatReward.DEFAULT, 0.2)),
                        on.rl(Grpo.DEFAULT, on.of(80, 4)),
                        on.check()));
    }
}
