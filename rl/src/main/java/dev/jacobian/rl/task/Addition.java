// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task;

import dev.jacobian.rl.reward.ExactMatchReward;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.tensor.Rng;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Sums of two numbers: the prompt is {@code 17+25=}, the reward 1 for exactly {@code 42} and 0 otherwise.
 *
 * <p>The smallest task on which a policy visibly improves. With the default of two-digit numbers there are 10,000
 * problems.
 *
 * @param maxOperand the largest operand; the smallest is 0
 */
public record Addition(int maxOperand) implements Task {
    private static final long EVAL_STREAM = -1; // training streams are indices, so never negative
    private static final int MAX_DRAWS = 1_000_000;
    private static final int COUNTED_UP_TO = 150;

    /** Checks the range. */
    public Addition {
        if (maxOperand < 9 || maxOperand > 1_000_000) {
            throw new IllegalArgumentException("maxOperand must be between 9 and 1000000, got " + maxOperand);
        }
    }

    /** Operands 0 to 99. */
    public Addition() {
        this(99);
    }

    @Override
    public String name() {
        return "addition";
    }

    @Override
    public Problem trainProblem(long seed, long index) {
        Rng rng = new Rng(seed, index);
        while (true) {
            Problem problem = problem(rng.nextInt(maxOperand + 1), rng.nextInt(maxOperand + 1));
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
            Problem problem = problem(rng.nextInt(maxOperand + 1), rng.nextInt(maxOperand + 1));
            if (HeldOut.contains(problem.id())) {
                problems.add(problem);
            }
        }
        if (problems.size() < count) {
            throw new IllegalArgumentException(
                    "addition has only " + problems.size() + " evaluation problems, asked for " + count);
        }
        return List.copyOf(problems);
    }

    /** Counted where that is quick; with larger operands there are more than anybody asks for. */
    @Override
    public int evalSize() {
        return maxOperand > COUNTED_UP_TO
                ? Integer.MAX_VALUE
                : (int) IntStream.rangeClosed(0, maxOperand)
                        .boxed()
                        .flatMap(a -> IntStream.rangeClosed(0, maxOperand).mapToObj(b -> a + "+" + b))
                        .filter(HeldOut::contains)
                        .count();
    }

    @Override
    public WeightedRewards rewards() {
        return WeightedRewards.of(new ExactMatchReward());
    }

    private static Problem problem(int a, int b) {
        String sum = a + "+" + b;
        return new Problem(sum, sum + "=", Map.of("answer", Integer.toString(a + b)));
    }
}
