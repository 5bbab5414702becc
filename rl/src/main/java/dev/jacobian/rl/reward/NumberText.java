// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import java.math.BigDecimal;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Decimal numbers as models and data files write them.
 *
 * <p>Read are {@code 72}, {@code 1,234}, {@code 3.50}, {@code .5}, {@code 1.5e3}, with {@code +}, {@code -} or the minus
 * sign U+2212 in front, and a currency sign between sign and digits. A minus right behind a letter, a digit or a closing
 * parenthesis is an operator: {@code 15-10} ends with 10. A full stop behind the digits ends the sentence.
 */
final class NumberText {
    /** Longer numbers keep their exponent when they are written; a text of {@code 1e999999999} must not fill the memory. */
    private static final int MAX_DIGITS = 1000;

    private static final String DIGITS = "(?:[1-9]\\d{0,2}(?:,\\d{3})+(?!\\d)|\\d+)(?:\\.\\d+)?|(?<![\\d.])\\.\\d+";
    private static final Pattern NUMBER = Pattern.compile("((?<![\\p{L}\\d_)\\]}.%\u2212-])[-+\u2212])?[$€£]?(" + "(?:"
            + DIGITS + ")" + "(?:[eE][-+]?\\d{1,9}(?![\\d\\p{L}]))?)");

    private NumberText() {}

    /** The last number in a text. */
    static Optional<BigDecimal> last(String text) {
        Matcher matcher = NUMBER.matcher(text);
        Optional<BigDecimal> last = Optional.empty();
        while (matcher.find()) {
            last = Optional.of(value(matcher));
        }
        return last;
    }

    /** The number that a whole text is, blanks and a full stop around it aside. */
    static Optional<BigDecimal> whole(String text) {
        String stripped = Blanks.strip(text);
        Matcher matcher =
                NUMBER.matcher(stripped.endsWith(".") ? stripped.substring(0, stripped.length() - 1) : stripped);
        return matcher.matches() ? Optional.of(value(matcher)) : Optional.empty();
    }

    private static BigDecimal value(Matcher number) {
        BigDecimal value = new BigDecimal(number.group(2).replace(",", ""));
        String sign = number.group(1);
        return sign == null || sign.equals("+") ? value : value.negate();
    }

    /** One spelling for each value: no exponent, no zeros that say nothing; {@code 0} for zero. */
    static String canonical(BigDecimal value) {
        BigDecimal shortest = value.stripTrailingZeros();
        boolean isShort = Math.abs((long) shortest.scale()) <= MAX_DIGITS && shortest.precision() <= MAX_DIGITS;
        return isShort ? shortest.toPlainString() : shortest.toString();
    }

    /** The value of a number that a JSON file has; it is finite. */
    static BigDecimal exact(Number number) {
        return new BigDecimal(number.toString());
    }

    /** Whether a text's number is the one of a file; a file's fraction has the precision of a double. */
    static boolean isEqual(BigDecimal text, Number file) {
        return file instanceof Double || file instanceof Float
                ? text.doubleValue() == file.doubleValue()
                : text.compareTo(exact(file)) == 0;
    }
}
