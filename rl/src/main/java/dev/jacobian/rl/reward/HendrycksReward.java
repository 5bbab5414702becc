// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import java.util.Optional;

/**
 * 1 if a completion's formula is the reference by the string rules of the MATH data set's harness ({@link HendrycksRules}), as
 * lm-evaluation-harness runs it ({@code hendrycks_math}): the formula is what stands between the first dollar and the last, or the whole
 * completion where there are fewer than two.
 *
 * @param column the answer, or a solution with the answer in its last box
 */
public record HendrycksReward(
        @Setting(value = "answer", doc = "column with the answer, or with a solution whose last \\boxed{} has it")
        String column)
        implements ExplainedReward, ReadsAnswer {
    /** Against column {@code answer}. */
    public static final HendrycksReward DEFAULT = ConfigTree.defaults(HendrycksReward.class);

    @Override
    public String name() {
        return "math_hendrycks";
    }

    @Override
    public Optional<String> answer(String completion) {
        int first = completion.indexOf('$');
        int last = completion.lastIndexOf('$');
        return Optional.of(first == last ? completion : completion.substring(first + 1, last));
    }

    @Override
    public Explanation explain(Completion completion) {
        return HendrycksRules.explain(completion.columns(), column, answer(completion.text()));
    }

    /** The column must be there and say something. */
    @Override
    public void requireUsable(Columns columns) {
        References.require(columns, column);
    }
}
