// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task;

import dev.jacobian.rl.arithmetic.CountdownSolver;
import dev.jacobian.rl.arithmetic.Expression;
import dev.jacobian.rl.arithmetic.Operator;
import dev.jacobian.rl.arithmetic.Rational;
import dev.jacobian.rl.reward.CountdownReward;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.tensor.Rng;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Countdown: reach the target with {@code + - * /}, using every number exactly once.
 *
 * <p>An instance is made by joining random numbers with random operators until one value is left; if that is a whole
 * number in the target range it becomes the target, so every instance has a solution. What makes an instance itself is
 * its sorted numbers and its target; by a hash of these it belongs either to training or to evaluation.
 *
 * <p>Columns: {@code nums} (list of whole numbers), {@code target} (whole number), {@code answer} (the canonical
 * solution of {@link CountdownSolver}).
 *
 * @param minNumbers fewest numbers of an instance, at least 2
 * @param maxNumbers most numbers, at most {@link CountdownSolver#MAX_NUMBERS}
 * @param minNumber smallest number, at least 1
 * @param maxNumber largest number
 * @param minTarget smallest target, at least 0
 * @param maxTarget largest target
 * @param fractions whether a solution may need fractions on the way
 * @param template the prompt, with {@code {numbers}} and {@code {target}} in it
 */
public record Countdown(
        int minNumbers,
        int maxNumbers,
        int minNumber,
        int maxNumber,
        int minTarget,
        int maxTarget,
        boolean fractions,
        String template)
        implements Task {

    /** A short prompt for small models: {@code 3 7 25 = 46}, then a line end. */
    public static final String SHORT_TEMPLATE = "{numbers} = {target}\n";

    /** A prompt in words for instruction-tuned models. */
    public static final String INSTRUCTION_TEMPLATE = """
        Combine the numbers {numbers} with +, -, * and / so that the result is {target}. \
        Use every number exactly once; parentheses are allowed. \
        Think first, between <think> and </think>. \
        Then write the expression on the last line, for example <answer>(1 + 2) * 3</answer>.
        """;

    private static final long EVAL_STREAM = -1; // training streams are indices, so never negative
    private static final int MAX_ATTEMPTS = 100_000;

    /** Checks the ranges and the template. */
    public Countdown {
        if (minNumbers < 2 || minNumbers > maxNumbers || maxNumbers > CountdownSolver.MAX_NUMBERS) {
            throw new IllegalArgumentException("how many numbers must be a range within 2.."
                    + CountdownSolver.MAX_NUMBERS + ", got " + minNumbers + ".." + maxNumbers);
        }
        if (minNumber < 1 || minNumber > maxNumber || maxNumber > 1000) {
            throw new IllegalArgumentException(
                    "numbers must be a range within 1..1000, got " + minNumber + ".." + maxNumber);
        }
        if (minTarget < 0 || minTarget > maxTarget) {
            throw new IllegalArgumentException(
                    "targets must be a range that starts at 0 or above, got " + minTarget + ".." + maxTarget);
        }
        if (!template.contains("{numbers}") || !template.contains("{target}")) {
            throw new IllegalArgumentException(
                    "the prompt template must contain {numbers} and {target}, got \"" + template + "\"");
        }
    }

    /** Three or four numbers from 1 to 99, targets from 1 to 99, in words: the usual setting. */
    public static Countdown standard() {
        return new Countdown(3, 4, 1, 99, 1, 99, true, INSTRUCTION_TEMPLATE);
    }

    /** Three numbers from 1 to 20, targets from 1 to 50, whole numbers only, short prompts: for very small models. */
    public static Countdown small() {
        return new Countdown(3, 3, 1, 20, 1, 50, false, SHORT_TEMPLATE);
    }

    @Override
    public String name() {
        return "countdown";
    }

    @Override
    public Problem trainProblem(long seed, long index) {
        return draw(new Rng(seed, index), false);
    }

    @Override
    public List<Problem> evalProblems(int count) {
        Rng rng = new Rng(0, EVAL_STREAM);
        Map<String, Problem> problems = new LinkedHashMap<>();
        int repeated = 0;
        while (problems.size() < count) {
            Problem problem = draw(rng, true);
            repeated = problems.putIfAbsent(problem.id(), problem) == null ? 0 : repeated + 1;
            if (repeated > 1000) {
                throw new IllegalArgumentException("these Countdown settings have hardly more than " + problems.size()
                        + " evaluation problems, asked for " + count + "; widen the ranges or ask for fewer");
            }
        }
        return List.copyOf(problems.values());
    }

    @Override
    public WeightedRewards rewards() {
        return WeightedRewards.of(new CountdownReward());
    }

    @Override
    public Optional<String> answer(String completion) {
        return CountdownReward.lastAnswer(completion);
    }

    /** A problem from an instance of the user's own, solvable or not. */
    public Problem problem(List<Integer> numbers, int target) {
        Optional<Expression> solution = new CountdownSolver(fractions).solve(numbers, target);
        Map<String, Object> columns = new LinkedHashMap<>();
        columns.put("nums", List.copyOf(numbers));
        columns.put("target", target);
        solution.ifPresent(expression -> columns.put("answer", expression.toString()));
        String prompt = template.replace("{numbers}", joined(numbers)).replace("{target}", Integer.toString(target));
        return new Problem(canonical(numbers, target), prompt, columns);
    }

    /** What makes an instance itself: {@code 3,7,25->46}. */
    static String canonical(List<Integer> numbers, int target) {
        return numbers.stream().sorted().map(String::valueOf).collect(Collectors.joining(",")) + "->" + target;
    }

    private Problem draw(Rng rng, boolean heldOut) {
        for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
            List<Integer> numbers = new ArrayList<>();
            int size = minNumbers + rng.nextInt(maxNumbers - minNumbers + 1);
            for (int i = 0; i < size; i++) {
                numbers.add(minNumber + rng.nextInt(maxNumber - minNumber + 1));
            }
            Optional<Integer> target = randomTarget(numbers, rng);
            if (target.isPresent() && HeldOut.contains(canonical(numbers, target.get())) == heldOut) {
                return problem(numbers, target.get());
            }
        }
        throw new IllegalArgumentException("found no Countdown instance in " + MAX_ATTEMPTS
                + " attempts: targets " + minTarget + ".." + maxTarget + " are too rare for numbers " + minNumber + ".."
                + maxNumber + "; widen the target range");
    }

    /** Joins the numbers at random; empty if that leads outside the rules or the target range. */
    private Optional<Integer> randomTarget(List<Integer> numbers, Rng rng) {
        List<Rational> values =
                numbers.stream().map(number -> Rational.of(number)).collect(Collectors.toCollection(ArrayList::new));
        while (values.size() > 1) {
            Rational left = values.remove(rng.nextInt(values.size()));
            Rational right = values.remove(rng.nextInt(values.size()));
            Operator operator = Operator.values()[rng.nextInt(4)];
            if (operator == Operator.DIVIDE && right.signum() == 0) {
                return Optional.empty();
            }
            Rational value = operator.apply(left, right);
            if (value.signum() < 0 || (!fractions && !value.isInteger())) {
                return Optional.empty();
            }
            values.add(value);
        }
        Rational target = values.getFirst();
        return target.isInteger() && target.numerator() >= minTarget && target.numerator() <= maxTarget
                ? Optional.of((int) target.numerator())
                : Optional.empty();
    }

    private static String joined(List<Integer> numbers) {
        return numbers.stream().map(String::valueOf).collect(Collectors.joining(" "));
    }
}
