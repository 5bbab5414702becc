// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;

/**
 * Numbers in the forms of Python's format specifications. Rounding is to even on the exact value of the floating-point number, as C
 * does it.
 */
final class NumberFormat {
    /** Most digits behind the point. */
    static final int MAX_PRECISION = 1000;

    private NumberFormat() {}

    /**
     * A number without its sign.
     *
     * @param type one of {@code e E f F g G}
     * @param precision digits behind the point, significant digits for {@code g}
     * @param alternate keep the zeros at the end of {@code g}
     */
    static String real(double value, char type, int precision, boolean alternate) {
        if (precision > MAX_PRECISION) {
            throw JinjaException.limit("a number is formatted with more than " + MAX_PRECISION
                    + " digits behind the point (limit: precision)");
        }
        double size = Math.abs(value);
        boolean upper = Character.isUpperCase(type);
        if (Double.isNaN(size) || Double.isInfinite(size)) {
            String name = Double.isNaN(size) ? "nan" : "inf";
            return upper ? name.toUpperCase(Locale.ROOT) : name;
        }
        String text = switch (Character.toLowerCase(type)) {
            case 'f' ->
                new BigDecimal(size).setScale(precision, RoundingMode.HALF_EVEN).toPlainString();
            case 'e' -> exponential(size, precision);
            default -> general(size, Math.max(1, precision), alternate);
        };
        return upper ? text.toUpperCase(Locale.ROOT) : text;
    }

    private static String exponential(double value, int precision) {
        BigDecimal rounded = new BigDecimal(value).round(new MathContext(precision + 1, RoundingMode.HALF_EVEN));
        String digits = rounded.unscaledValue().toString();
        int exponent = value == 0 ? 0 : digits.length() - 1 - rounded.scale();
        digits = (digits + "0".repeat(precision + 1)).substring(0, precision + 1);
        return digits.charAt(0) + (precision > 0 ? "." + digits.substring(1) : "") + "e" + (exponent < 0 ? "-" : "+")
                + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
    }

    private static String general(double value, int precision, boolean alternate) {
        String exponential = exponential(value, precision - 1);
        int at = exponential.indexOf('e');
        int exponent = Integer.parseInt(exponential.substring(at + 1));
        boolean plain = exponent >= -4 && exponent < precision;
        String digits = plain
                ? new BigDecimal(value)
                        .setScale(precision - 1 - exponent, RoundingMode.HALF_EVEN)
                        .toPlainString()
                : exponential.substring(0, at);
        if (!alternate && digits.indexOf('.') >= 0) {
            int end = digits.length();
            while (digits.charAt(end - 1) == '0') {
                end--;
            }
            digits = digits.substring(0, digits.charAt(end - 1) == '.' ? end - 1 : end);
        }
        return plain ? digits : digits + exponential.substring(at);
    }

    /**
     * An integer without its sign.
     *
     * @param type one of {@code d b o x X}
     * @param prefix whether {@code 0x} and the like stand in front
     */
    static String integer(BigInteger value, char type, boolean prefix) {
        BigInteger size = value.abs();
        return switch (type) {
            case 'b' -> (prefix ? "0b" : "") + size.toString(2);
            case 'o' -> (prefix ? "0o" : "") + size.toString(8);
            case 'x' -> (prefix ? "0x" : "") + size.toString(16);
            case 'X' -> (prefix ? "0X" : "") + size.toString(16).toUpperCase(Locale.ROOT);
            default -> size.toString();
        };
    }

    /** Digits in groups of three, those before a point or an exponent. */
    static String grouped(String number, char separator) {
        int end = 0;
        while (end < number.length() && Character.isDigit(number.charAt(end))) {
            end++;
        }
        StringBuilder out = new StringBuilder(number);
        for (int i = end - 3; i > 0; i -= 3) {
            out.insert(i, separator);
        }
        return out.toString();
    }
}
