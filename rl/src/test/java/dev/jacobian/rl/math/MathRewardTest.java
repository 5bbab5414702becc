// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.Explanation;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.transformer.generation.FinishReason;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MathRewardTest {
    private static final MathReward REWARD = MathReward.DEFAULT;

    private static Completion completion(Columns columns, String text) {
        return new Completion("problem 1", "", columns, text, new int[0], FinishReason.STOP);
    }

    @Test
    void saysWhatItSaw() {
        Explanation right = REWARD.explain(completion(Columns.of("answer", "1/2"), "So it is $\\boxed{0.5}$."));
        assertThat(right.score()).isEqualTo(Score.of(1));
        assertThat(right.extracted()).contains("0.5");
        assertThat(right.verdict()).contains("right");
        assertThat(REWARD.explain(completion(Columns.of("answer", "1/2"), "\\boxed{2}"))
                        .verdict())
                .contains("wrong");
        assertThat(REWARD.explain(completion(Columns.of("answer", "1/2"), "")).verdict())
                .contains("no_answer");
    }

    @Test
    void aReferenceMayBeAWorkedSolutionOrANumber() {
        assertThat(REWARD.score(completion(Columns.of("answer", "3 + 4 = 7 apples.\n#### 7"), "The answer is 7.")))
                .isEqualTo(Score.of(1));
        assertThat(new MathReward("solution")
                        .score(completion(Columns.of("solution", "Clearly $x=2$, so \\boxed{x=2}."), "$2$")))
                .isEqualTo(Score.of(1));
        assertThat(REWARD.score(completion(Columns.of("answer", 72), "#### 72")))
                .isEqualTo(Score.of(1));
    }

    @Test
    void anEmptyReferenceIsSkippedAndNeverRight() {
        for (String nothing : new String[] {"", "  ", "\\boxed{}"}) {
            Explanation explanation = REWARD.explain(completion(Columns.of("answer", nothing), nothing));
            assertThat(explanation.score()).isEqualTo(Score.skip());
            assertThat(explanation.verdict()).isEqualTo(Optional.of("no_reference"));
        }
    }

    @Test
    void aMissingColumnIsNamed() {
        assertThatThrownBy(() -> REWARD.requireUsable(Columns.of("solution", "7")))
                .hasMessage("the problem has no column 'answer'; its columns are [solution]");
    }
}
