// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import dev.jacobian.rl.reward.Columns;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * number_sorting: a list of numbers in brackets, quoted or not. reasoning-gym takes any that is in order and nowhere further
 * than 1 from the right one; right is the right one.
 */
record NumberSorting() implements GymScorer {
    private static final BigDecimal TOLERANCE = BigDecimal.ONE;

    @Override
    public double score(Columns row, String answer) {
        List<BigDecimal> expected = list(Row.answer(row)).orElseThrow();
        List<BigDecimal> given = list(answer).orElse(List.of());
        if (given.size() != expected.size()) {
            return 0;
        }
        List<BigDecimal> ordered = new ArrayList<>(given);
        ordered.sort(null);
        if (Row.metadata(row).string("direction").equals("descending")) {
            Collections.reverse(ordered);
        }
        for (int i = 0; i < given.size(); i++) {
            // as doubles, because that is where reasoning-gym subtracts
            double distance =
                    Math.abs(given.get(i).doubleValue() - expected.get(i).doubleValue());
            if (distance > TOLERANCE.doubleValue() || given.get(i).compareTo(ordered.get(i)) != 0) {
                return 0;
            }
        }
        return 1;
    }

    @Override
    public boolean isRight(Columns row, String answer) {
        List<BigDecimal> expected = list(Row.answer(row)).orElseThrow();
        List<BigDecimal> given = list(answer).orElse(List.of());
        boolean right = given.size() == expected.size();
        for (int i = 0; i < given.size() && right; i++) {
            right = given.get(i).compareTo(expected.get(i)) == 0;
        }
        return right;
    }

    private static Optional<List<BigDecimal>> list(String answer) {
        String text = answer.strip();
        if (text.length() < 2 || text.charAt(0) != '[' || text.charAt(text.length() - 1) != ']') {
            return Optional.empty();
        }
        List<BigDecimal> numbers = new ArrayList<>();
        for (String part : Python.split(text.substring(1, text.length() - 1), ",")) {
            String element = part.strip();
            boolean quoted = element.length() > 1
                    && (element.charAt(0) == '\'' || element.charAt(0) == '"')
                    && element.charAt(element.length() - 1) == element.charAt(0);
            Optional<BigDecimal> number = Python.decimal(quoted ? element.substring(1, element.length() - 1) : element);
            if (number.isEmpty()) {
                return Optional.empty();
            }
            numbers.add(number.get());
        }
        return Optional.of(numbers);
    }
}
