// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import java.util.Optional;

/**
 * 1 if the answer of a completion that ends as Minerva's prompts ask for ({@code Final Answer: The final answer is ANSWER. I hope it is
 * correct.}) is the reference by Minerva's string rules ({@link MinervaRules}).
 *
 * <p>Difference to lm-evaluation-harness ({@code minerva_math}): that asks SymPy, where the strings differ, whether the difference of both
 * is 0. The reward {@code math} asks mathematics.
 *
 * @param column the answer, or a solution with the answer in its last box
 */
public record MinervaReward(
        @Setting(value = "answer", doc = "column with the answer, or with a solution whose last \\boxed{} has it")
        String column)
        implements ExplainedReward, ReadsAnswer {
    /** Against column {@code answer}. */
    public static final MinervaReward DEFAULT = ConfigTree.defaults(MinervaReward.class);

    @Override
    public String name() {
        return "math_minerva";
    }

    @Override
    public Optional<String> answer(String completion) {
        return MinervaRules.answer(completion);
    }

    @Override
    public Explanation explain(Completion completion) {
        String reference = MinervaRules.normalised(References.boxed(completion.columns(), column));
        Optional<String> found = answer(completion.text());
        boolean right = found.filter(text -> MinervaRules.normalised(text).equals(reference))
                .isPresent();
        return Explanation.of(Score.of(right ? 1 : 0), found);
    }

    /** The column must be there and say something. */
    @Override
    public void requireUsable(Columns columns) {
        References.require(columns, column);
    }
}
