// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.ExactMatchReward.Answer;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.task.HeldOut;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import dev.jacobian.tensor.Rng;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The questions of a puzzle as a task.
 *
 * <p>A hash of a question's {@link Question#key} decides whether it is for training or for evaluation, so the two never meet,
 * whatever seed and difficulty. The random numbers of a question are keyed by seed and index.
 *
 * @param puzzle what is asked
 * @param difficulty how hard
 * @param form where an answer stands: {@link Answer#TAG}, behind whatever the model thinks, or {@link Answer#STRIPPED}, the
 *     whole completion
 */
public record PuzzleTask(Puzzle puzzle, int difficulty, Answer form) implements Task {
    private static final long EVAL_STREAM = -1; // training streams are indices, so never negative
    private static final int MAX_DRAWS = 10_000;
    private static final int MAX_REPEATED = 2000;

    /** Checks difficulty and form. */
    public PuzzleTask {
        puzzle.about().levels().require(difficulty, puzzle.name());
        if (form != Answer.TAG && form != Answer.STRIPPED) {
            throw new IllegalArgumentException(
                    "the answer to a puzzle stands in a tag or is the whole completion, not " + form);
        }
    }

    /** Of the usual difficulty, with answers in a tag. */
    public PuzzleTask(Puzzle puzzle) {
        this(puzzle, puzzle.about().levels().usual(), Answer.TAG);
    }

    @Override
    public String name() {
        return puzzle.name();
    }

    @Override
    public Problem trainProblem(long seed, long index) {
        return draw(new Rng(seed, index), false);
    }

    @Override
    public List<Problem> evalProblems(int count) {
        Rng rng = new Rng(difficulty, EVAL_STREAM);
        Map<String, Problem> problems = new LinkedHashMap<>();
        int repeated = 0;
        while (problems.size() < count) {
            Problem problem = draw(rng, true);
            repeated = problems.putIfAbsent(problem.id(), problem) == null ? 0 : repeated + 1;
            if (repeated > MAX_REPEATED) {
                throw new IllegalArgumentException(
                        "task '" + name() + "' has hardly more than " + problems.size() + " evaluation problems of"
                                + " difficulty " + difficulty + ", asked for " + count + "; ask for fewer");
            }
        }
        return List.copyOf(problems.values());
    }

    @Override
    public WeightedRewards rewards() {
        return WeightedRewards.of(new PuzzleReward(puzzle, form));
    }

    @Override
    public Optional<String> answer(String completion) {
        return form.of(completion).filter(answer -> !answer.isEmpty());
    }

    private Problem draw(Rng rng, boolean heldOut) {
        for (int draws = 0; draws < MAX_DRAWS; draws++) {
            Question question = puzzle.ask(rng, difficulty);
            String id = name() + "-" + HeldOut.fingerprint(question.key());
            if (HeldOut.contains(id) == heldOut) {
                return new Problem(id, prompt(question.text(), form), question.columns());
            }
        }
        throw new IllegalStateException("puzzle '" + name() + "' of difficulty " + difficulty + " made " + MAX_DRAWS
                + " questions that are all " + (heldOut ? "for training" : "held out"));
    }

    /** A question with the words that say where its answer goes. */
    public static String prompt(String question, Answer form) {
        return question
                + (form == Answer.TAG
                        ? "\nThink first, then write the answer between <answer> and </answer>.\n"
                        : "\nWrite the answer and nothing else.\n");
    }
}
