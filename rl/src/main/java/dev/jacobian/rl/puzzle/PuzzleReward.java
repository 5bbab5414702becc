// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.ExactMatchReward.Answer;
import dev.jacobian.rl.reward.ExplainedReward;
import dev.jacobian.rl.reward.Explanation;
import dev.jacobian.rl.reward.ReadsAnswer;
import dev.jacobian.rl.reward.Score;
import java.util.Optional;

/**
 * 1 for an answer that solves the puzzle, else 0. Nothing in between: a policy that is paid for almost right answers learns
 * to write almost right answers.
 *
 * @param puzzle whose questions are answered
 * @param form where the answer is in a completion
 */
public record PuzzleReward(Puzzle puzzle, Answer form) implements ExplainedReward, ReadsAnswer {
    /** The longest answer that is judged, in chars; a longer one is wrong. The longest right one has some hundreds. */
    public static final int MAX_LENGTH = 4096;

    @Override
    public String name() {
        return puzzle.name();
    }

    @Override
    public Optional<String> answer(String completion) {
        return form.of(completion);
    }

    @Override
    public Explanation explain(Completion completion) {
        Optional<String> answer = answer(completion.text());
        boolean right = answer.filter(text -> !text.isEmpty() && text.length() <= MAX_LENGTH)
                .filter(text -> puzzle.solves(completion.columns(), text))
                .isPresent();
        return Explanation.of(Score.of(right ? 1 : 0), answer);
    }

    /** The columns must be those of a question of this puzzle, whose own answer is right. */
    @Override
    public void requireUsable(Columns columns) {
        if (!puzzle.solves(columns, columns.string("answer"))) {
            throw new IllegalArgumentException("column 'answer' does not solve the problem of puzzle '" + puzzle.name()
                    + "' that the other columns state");
        }
    }
}
