// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.rig;

import dev.jacobian.rl.reward.ExactMatchReward;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.task.HeldOut;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import dev.jacobian.tensor.Rng;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Sums of digits modulo 10, {@code 385:::::=} for 3 + 8 + 5, whose answer stands between answer tags. Whoever reasons writes the sum up to each
 * place, {@code <think>31666666</think><answer>6</answer>}. The more digits, the harder.
 *
 * <p>Why this task: an answer can be checked exactly, difficulty is a number, a chain of thought helps (a wrong step spoils the answer,
 * checking it again mends that), a guess is right once in ten. Every prompt has {@value #WIDTH} places, so that a step finds its digit at the
 * same distance: with a width that varied, models of 0.1 million parameters had not found the place of a digit after 1500 steps.
 *
 * @param minTerms fewest digits of a problem, at least 2
 * @param maxTerms most
 * @param rewards what a completion earns
 */
public record RunningSums(int minTerms, int maxTerms, WeightedRewards rewards) implements Task {
    /** 1 for the right answer between tags, else 0. */
    public static final ExactMatchReward ACCURACY = new ExactMatchReward("answer", ExactMatchReward.Answer.TAG);

    /** Places of a prompt. */
    static final int WIDTH = 8;

    /** What stands at places without a digit. */
    static final char NOTHING = ':';

    private static final long EVAL_STREAM = -1; // training streams are indices, so never negative
    private static final int MAX_DRAWS = 1_000_000;

    /** Checks the range. */
    public RunningSums {
        if (minTerms < 2 || maxTerms < minTerms || maxTerms > WIDTH) {
            throw new IllegalArgumentException("terms must be from 2 to " + WIDTH
                    + ", and the most no fewer than the fewest, got " + minTerms + " to " + maxTerms);
        }
    }

    /** With the reward for the right answer alone. */
    public RunningSums(int minTerms, int maxTerms) {
        this(minTerms, maxTerms, WeightedRewards.of(ACCURACY));
    }

    @Override
    public String name() {
        return "running_sums";
    }

    @Override
    public Problem trainProblem(long seed, long index) {
        Rng rng = new Rng(seed, index);
        while (true) {
            Problem problem = draw(rng);
            if (!HeldOut.contains(problem.id())) {
                return problem;
            }
        }
    }

    @Override
    public List<Problem> evalProblems(int count) {
        Rng rng = new Rng(0, EVAL_STREAM);
        Set<Problem> problems = new LinkedHashSet<>();
        for (int draws = 0; draws < MAX_DRAWS && problems.size() < count; draws++) {
            Problem problem = draw(rng);
            if (HeldOut.contains(problem.id())) {
                problems.add(problem);
            }
        }
        if (problems.size() < count) {
            throw new IllegalArgumentException("sums of " + minTerms + " to " + maxTerms + " terms have only "
                    + problems.size() + " evaluation problems, asked for " + count + "; allow more terms");
        }
        return List.copyOf(problems);
    }

    private Problem draw(Rng rng) {
        int[] terms = new int[minTerms + rng.nextInt(maxTerms - minTerms + 1)];
        for (int i = 0; i < terms.length; i++) {
            terms[i] = rng.nextInt(10);
        }
        return problem(terms, "=");
    }

    /**
     * The problem of some digits.
     *
     * @param end what the prompt ends with
     */
    static Problem problem(int[] terms, String end) {
        StringBuilder digits = new StringBuilder();
        int total = 0;
        for (int term : terms) {
            digits.append(term);
            total += term;
        }
        String places = digits + String.valueOf(NOTHING).repeat(WIDTH - terms.length);
        return new Problem(
                digits.toString(),
                places + end,
                Map.of("answer", Integer.toString(total % 10), "difficulty", terms.length));
    }

    /** The digits of a problem. */
    static int[] terms(Problem problem) {
        return problem.id().chars().map(digit -> digit - '0').toArray();
    }

    @Override
    public Optional<String> answer(String completion) {
        return ACCURACY.answer(completion);
    }
}
