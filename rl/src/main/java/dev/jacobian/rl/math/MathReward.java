// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.ExplainedReward;
import dev.jacobian.rl.reward.Explanation;
import dev.jacobian.rl.reward.ReadsAnswer;
import dev.jacobian.rl.reward.Score;
import java.util.Locale;
import java.util.Optional;

/**
 * 1 if the completion's final answer is mathematically the reference, else 0 ({@link MathAnswers}).
 *
 * <p>A row whose reference is empty is skipped: no answer to it could be right. The verdict is the {@link MathVerdict.Outcome} in small letters.
 *
 * @param column the column with the reference: a bare answer, or a solution that ends in {@code \boxed{...}} or {@code #### ...}
 */
public record MathReward(
        @Setting(value = "answer", doc = "column with the right answer, bare or at the end of a solution")
        String column)
        implements ExplainedReward, ReadsAnswer {

    /** The reference is in column {@code answer}. */
    public static final MathReward DEFAULT = ConfigTree.defaults(MathReward.class);

    @Override
    public String name() {
        return "math";
    }

    @Override
    public Explanation explain(Completion completion) {
        MathVerdict verdict = MathAnswers.judge(completion.columns().string(column), completion.text());
        Score score = verdict.outcome() == MathVerdict.Outcome.NO_REFERENCE
                ? Score.skip()
                : Score.of(verdict.isRight() ? 1 : 0);
        return new Explanation(
                score, verdict.extracted(), Optional.of(verdict.outcome().name().toLowerCase(Locale.ROOT)));
    }

    @Override
    public Optional<String> answer(String completion) {
        return MathAnswers.extract(completion);
    }

    /** The column must be there, a string or a number. */
    @Override
    public void requireUsable(Columns columns) {
        columns.string(column);
    }
}
