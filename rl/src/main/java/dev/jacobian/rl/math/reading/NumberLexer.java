// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.reading;

import dev.jacobian.rl.math.expression.MathProblem;
import dev.jacobian.rl.math.expression.Rational;
import java.math.BigInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads one number: digit groups, a decimal point, a repeating part, an exponent. */
final class NumberLexer {

    /** Longer numbers are no answers. */
    private static final int MOST_DIGITS = 10_000;

    private static final String GROUP_GAP = "(?:(?:\\\\text)?\\{,\\}|,\\\\[!,;: ]\\s*|\\\\[,;:! ]|~|\\{\\\\[,;: ]\\})";
    private static final Pattern GROUPED = Pattern.compile("\\d{1,3}(?:" + GROUP_GAP + "\\d{3})++(?!\\d)");
    private static final Pattern SPACED = Pattern.compile("\\d{1,3}(?: \\d{3})++(?![\\d/]| ?/|\\s*\\\\frac)");
    private static final Pattern COMMAS = Pattern.compile("\\d{1,3}(?:,\\d{3})++(?!\\d)");
    /** Points and strokes group where a second group, or the stroke itself, leaves no doubt: 1.234.567, 12'345. */
    private static final Pattern ELSEWHERE =
            Pattern.compile("\\d{1,3}(?:(?:\\.\\d{3}){2,}+|(?:'\\d{3})++|(?:_\\d{3}){2,}+)(?![\\d'._])");

    private static final Pattern INDIAN = Pattern.compile("\\d{1,2}(?:,\\d{2}(?!\\d))++,\\d{3}(?!\\d)");
    /** A comma that cannot part two numbers: 12{,}5 and 12,5 %. */
    private static final Pattern DECIMAL_COMMA =
            Pattern.compile("\\{,\\}(\\d{1,40})(?!\\d)|,(\\d{1,2})(?=\\s*(?:\\\\?%|€|\\\\text\\s*\\{\\s*€))");

    private static final Pattern DIGITS = Pattern.compile("\\d*+");
    private static final Pattern REPEATING = Pattern.compile(
            "\\\\(?:overline|bar|dot|overset\\{\\\\text\\{\\.\\}\\})\\s*(?:\\{(\\d{1,40})\\}|(\\d))|\\((\\d{1,40})\\)");
    private static final Pattern DOTTED_END = Pattern.compile("\\d{0,40}\\\\dot\\s*\\{?(\\d)\\}?");
    private static final Pattern ELLIPSIS = Pattern.compile("\\s*(?:\\\\[lc]?dots[bcmio]?|\\.\\.\\.|…)");
    private static final Pattern EXPONENT = Pattern.compile("[eE]([+-]?\\d{1,6})(?![\\d.])");

    private final String text;
    private int end;

    NumberLexer(String text) {
        this.text = text;
    }

    /** Where the number ends that was read last. */
    int end() {
        return end;
    }

    /** The number that begins at a digit, or at a point before a digit. */
    Rational read(int start, Style style) {
        end = start;
        String whole = wholePart(start, style);
        String fraction = "";
        if (end < text.length()
                && text.charAt(end) == '.'
                && !ELLIPSIS.matcher(text).region(end, text.length()).lookingAt()) {
            fraction = match(DIGITS, end + 1);
            end += 1 + fraction.length();
        }
        if (fraction.isEmpty() && end < text.length()) {
            Matcher comma = DECIMAL_COMMA.matcher(text).region(end, text.length());
            if (comma.lookingAt()) {
                fraction = comma.group(1) != null ? comma.group(1) : comma.group(2);
                end = comma.end();
            }
        }
        if (whole.length() + fraction.length() > MOST_DIGITS) {
            throw new MathProblem.TooMuchWork("a number of so many digits");
        }
        if (whole.isEmpty() && fraction.isEmpty()) {
            throw new MathProblem.Unreadable("a point without digits");
        }
        Rational value = decimal(whole, fraction);
        if (text.charAt(end - 1) != '.' || fraction.isEmpty() && end > start) {
            value = repeating(fraction, value, text.substring(start, end).indexOf('.') >= 0);
        }
        Matcher exponent = EXPONENT.matcher(text).region(end, text.length());
        if (exponent.lookingAt()) {
            int power = Integer.parseInt(exponent.group(1));
            if (Math.abs(power) > MOST_DIGITS) {
                throw new MathProblem.TooMuchWork("a number of so many digits");
            }
            end = exponent.end();
            value = value.times(Rational.of(10).power(power));
        }
        return value;
    }

    private String wholePart(int start, Style style) {
        for (Pattern pattern : new Pattern[] {GROUPED, COMMAS, INDIAN, ELSEWHERE, SPACED}) {
            if (!style.groupedByComma() && (pattern == COMMAS || pattern == INDIAN)) {
                continue;
            }
            Matcher grouped = pattern.matcher(text).region(start, text.length());
            if (grouped.lookingAt()) {
                end = grouped.end();
                return digits(grouped.group());
            }
        }
        String digits = match(DIGITS, start);
        end = start + digits.length();
        return digits;
    }

    private static String digits(String grouped) {
        StringBuilder digits = new StringBuilder();
        grouped.chars().filter(Character::isDigit).forEach(c -> digits.append((char) c));
        return digits.toString();
    }

    private String match(Pattern pattern, int from) {
        Matcher matcher = pattern.matcher(text).region(from, text.length());
        return matcher.lookingAt() ? matcher.group() : "";
    }

    private static Rational decimal(String whole, String fraction) {
        return new Rational(new BigInteger("0" + whole + fraction), BigInteger.TEN.pow(fraction.length()));
    }

    /** {@code 0.1\overline{6}}, {@code 0.1(6)}, {@code 0.166...}. */
    private Rational repeating(String fraction, Rational value, boolean pointed) {
        if (!pointed) {
            return value;
        }
        Matcher bar = REPEATING.matcher(text).region(end, text.length());
        if (bar.lookingAt()) {
            String period = bar.group(1) != null ? bar.group(1) : bar.group(2) != null ? bar.group(2) : bar.group(3);
            boolean dot = bar.group().startsWith("\\dot");
            end = bar.end();
            Matcher last = DOTTED_END.matcher(text).region(end, text.length());
            if (dot && last.lookingAt()) {
                period += last.group().substring(0, last.group().indexOf('\\')) + last.group(1);
                end = last.end();
            }
            return value.plus(period(period, fraction.length()));
        }
        Matcher dots = ELLIPSIS.matcher(text).region(end, text.length());
        if (dots.lookingAt()) {
            end = dots.end();
            for (int length = 1; length <= fraction.length() / 2; length++) {
                String period = fraction.substring(fraction.length() - length);
                if (fraction.endsWith(period + period) && (length > 1 || fraction.length() > 2)) {
                    return value.plus(period(period, fraction.length()));
                }
            }
        }
        return value;
    }

    private static Rational period(String digits, int places) {
        BigInteger nines = BigInteger.TEN.pow(digits.length()).subtract(BigInteger.ONE);
        return new Rational(new BigInteger(digits), nines.multiply(BigInteger.TEN.pow(places)));
    }
}
