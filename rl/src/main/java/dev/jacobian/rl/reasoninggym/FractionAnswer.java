// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import dev.jacobian.rl.reward.Columns;
import java.math.BigInteger;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** fraction_simplification: numerator and denominator as a/b, or as LaTeX at the beginning of a text; 0.05 for another fraction, 0.01 for none. */
record FractionAnswer() implements GymScorer {
    private static final Pattern LATEX =
            Pattern.compile("\\\\d?frac\\s*\\{\\s*(\\d+)\\s*}\\s*\\{\\s*(\\d+)\\s*}", Pattern.CASE_INSENSITIVE);

    @Override
    public double score(Columns row, String answer) {
        return read(answer)
                .map(parts ->
                        parts.equals(List.of(part(row, "simplified_numerator"), part(row, "simplified_denominator")))
                                ? 1
                                : 0.05)
                .orElse(0.01);
    }

    @Override
    public double scoreOfNone() {
        return 0.01;
    }

    private static BigInteger part(Columns row, String name) {
        return BigInteger.valueOf(Row.metadata(row).integer(name));
    }

    private static Optional<List<BigInteger>> read(String answer) {
        String text = withoutDollars(answer.strip()).strip();
        Matcher latex = LATEX.matcher(text);
        if (latex.lookingAt()) {
            return both(latex.group(1), latex.group(2));
        }
        int bar = text.indexOf('/');
        return bar < 0 ? Optional.empty() : both(text.substring(0, bar), text.substring(bar + 1));
    }

    private static Optional<List<BigInteger>> both(String numerator, String denominator) {
        return Python.integer(numerator)
                .flatMap(a -> Python.integer(denominator).map(b -> List.of(a, b)));
    }

    private static String withoutDollars(String text) {
        int from = 0;
        int to = text.length();
        while (from < to && text.charAt(from) == '$') {
            from++;
        }
        while (to > from && text.charAt(to - 1) == '$') {
            to--;
        }
        return text.substring(from, to);
    }
}
