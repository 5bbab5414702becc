// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import java.util.Optional;

/**
 * 1 if the last {@code \boxed{…}} of a completion is the reference by the string rules of the MATH data set's harness
 * ({@link HendrycksRules}): what verl gives for MATH. A completion without a box gets 0.
 *
 * @param column the answer, or a solution with the answer in its last box
 */
public record BoxedReward(
        @Setting(value = "answer", doc = "column with the answer, or with a solution whose last \\boxed{} has it")
        String column)
        implements ExplainedReward, ReadsAnswer {
    /** Against column {@code answer}. */
    public static final BoxedReward DEFAULT = ConfigTree.defaults(BoxedReward.class);

    @Override
    public String name() {
        return "boxed";
    }

    @Override
    public Optional<String> answer(String completion) {
        return BoxedText.lastContent(completion);
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
