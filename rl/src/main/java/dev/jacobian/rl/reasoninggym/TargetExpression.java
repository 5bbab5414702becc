// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import dev.jacobian.rl.reward.Columns;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * countdown and puzzle24: an expression worth a target, 0.01 for what is none. Countdown's numbers must occur, as a set, and
 * another expression earns 0.05; of puzzle24's only the count matters. Right is what uses every number once.
 *
 * @param countdown whether it is countdown's rule
 */
record TargetExpression(boolean countdown) implements GymScorer {
    private static final double UNREADABLE = 0.01;
    private static final Pattern NUMBER = Pattern.compile("\\b\\d+\\b");

    @Override
    public double score(Columns row, String answer) {
        Optional<Fraction> value = value(answer);
        if (value.isEmpty()) {
            return UNREADABLE;
        }
        boolean hit = value.get().truncated().equals(BigInteger.valueOf(target(row)));
        if (!countdown) {
            int count = Row.metadata(row).integers("numbers").size();
            return hit && value.get().isInteger() && numbers(answer).size() == count ? 1 : UNREADABLE;
        }
        boolean same = new HashSet<>(numbers(answer))
                .equals(new HashSet<>(Row.metadata(row).integers("numbers")));
        return hit && same ? 1 : 0.05;
    }

    @Override
    public boolean isRight(Columns row, String answer) {
        return value(answer).filter(Fraction.of(target(row))::equals).isPresent()
                && numbers(answer).stream()
                        .sorted()
                        .toList()
                        .equals(Row.metadata(row).integers("numbers").stream()
                                .sorted()
                                .toList());
    }

    @Override
    public double scoreOfNone() {
        return UNREADABLE;
    }

    private long target(Columns row) {
        return countdown ? Row.metadata(row).integer("target") : 24;
    }

    private static Optional<Fraction> value(String answer) {
        return Polynomial.parse(answer.strip()).flatMap(Polynomial::constant);
    }

    /** The whole numbers in a text that could be read, so none is long. */
    private static List<Long> numbers(String answer) {
        List<Long> numbers = new ArrayList<>();
        Matcher matcher = NUMBER.matcher(answer);
        while (matcher.find()) {
            String digits = matcher.group();
            numbers.add(digits.length() > 18 ? Long.MAX_VALUE : Long.parseLong(digits));
        }
        return numbers;
    }
}
