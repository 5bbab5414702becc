// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.arithmetic;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A step of a search by hand for a Countdown of three numbers, {@code left operator right = value}: whole numbers above zero, the larger
 * operand first, no results above {@value #LARGEST}, which no target of small puzzles needs.
 *
 * @param left the larger operand, as it is written
 * @param operator what joins the two
 * @param right the smaller operand, as it is written
 * @param value the result
 * @param rest the number that is left over
 */
public record SearchStep(String left, Operator operator, String right, int value, int rest) {
    /** The largest result that is written down. */
    public static final int LARGEST = 99;

    /** {@code 14-8}. */
    public String expression() {
        return left + operator.symbol() + right;
    }

    /** What joins two of three numbers: products and quotients first, which solve fewer problems, so that going on matters. */
    public static List<SearchStep> first(List<Long> numbers) {
        List<SearchStep> steps = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            int a = Math.toIntExact(numbers.get(i));
            int b = Math.toIntExact(numbers.get((i + 1) % 3));
            int rest = Math.toIntExact(numbers.get((i + 2) % 3));
            steps.addAll(combinations(a, "" + a, b, "" + b, rest));
        }
        steps.sort(Comparator.comparing(SearchStep::operator).reversed());
        return steps;
    }

    /** What joins this step's result and the number that is left over. */
    public List<SearchStep> second() {
        return combinations(value, "(" + expression() + ")", rest, "" + rest, 0);
    }

    /** The four operations on two values, the larger first; without zero, fractions and results that are too large. */
    private static List<SearchStep> combinations(int a, String aText, int b, String bText, int rest) {
        boolean ordered = a >= b;
        int large = Math.max(a, b);
        int small = Math.min(a, b);
        String left = ordered ? aText : bText;
        String right = ordered ? bText : aText;
        List<SearchStep> steps = new ArrayList<>();
        steps.add(new SearchStep(left, Operator.ADD, right, large + small, rest));
        if (large > small) {
            steps.add(new SearchStep(left, Operator.SUBTRACT, right, large - small, rest));
        }
        steps.add(new SearchStep(left, Operator.MULTIPLY, right, large * small, rest));
        if (large % small == 0) {
            steps.add(new SearchStep(left, Operator.DIVIDE, right, large / small, rest));
        }
        steps.removeIf(step -> step.value() > LARGEST);
        return steps;
    }
}
