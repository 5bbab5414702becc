// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.tool;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;

/**
 * Computes what a model wrote, with exact fractions.
 *
 * <pre>
 * sum     = product { ("+" | "-") product }
 * product = power   { ("*" | "/") power }
 * power   = ("+" | "-") power | atom [ ("^" | "**") power ]      the exponent a whole number
 * atom    = "(" sum ")" | digit { digit } [ "." { digit } ]
 * </pre>
 *
 * <p>A model's text is hostile: its length, its nesting and the size of numbers are limited, so that neither stack nor time nor memory
 * can be exhausted.
 */
final class Calculation {
    private static final int MAX_LENGTH = 1000;
    private static final int MAX_DEPTH = 64;
    private static final int MAX_BITS = 4096;
    private static final int DIGITS = 12;

    /** A whole number with more digits than this is told of as too large. */
    private static final int MAX_SHOWN = 40;

    private final String text;
    private int at;
    private int depth;

    private Calculation(String text) {
        this.text = text;
    }

    /** A fraction; its denominator is positive. */
    private record Fraction(BigInteger over, BigInteger under) {
        static Fraction of(BigInteger over, BigInteger under) throws ToolException {
            if (under.signum() == 0) {
                throw new ToolException("division by zero");
            }
            BigInteger divisor = over.gcd(under).multiply(BigInteger.valueOf(under.signum()));
            Fraction lowest = new Fraction(over.divide(divisor), under.divide(divisor));
            if (Math.max(lowest.over.bitLength(), lowest.under.bitLength()) > MAX_BITS) {
                throw new ToolException("a number is too large");
            }
            return lowest;
        }

        Fraction plus(Fraction other) throws ToolException {
            return of(over.multiply(other.under).add(other.over.multiply(under)), under.multiply(other.under));
        }

        Fraction times(Fraction other) throws ToolException {
            return of(over.multiply(other.over), under.multiply(other.under));
        }

        Fraction inverse() throws ToolException {
            return of(under, over);
        }

        Fraction negated() {
            return new Fraction(over.negate(), under);
        }

        Fraction power(Fraction exponent) throws ToolException {
            if (!exponent.under.equals(BigInteger.ONE) || exponent.over.bitLength() > 16) {
                throw new ToolException("an exponent must be a whole number, and not a large one");
            }
            int times = exponent.over.intValueExact();
            long bits = (long) Math.max(over.bitLength(), under.bitLength()) * Math.abs(times);
            if (bits > 2L * MAX_BITS) {
                throw new ToolException("a number is too large");
            }
            Fraction positive = of(over.pow(Math.abs(times)), under.pow(Math.abs(times)));
            return times < 0 ? positive.inverse() : positive;
        }
    }

    /**
     * The value of an expression.
     *
     * @throws ToolException if it is none, or has no value
     */
    static String of(String expression) throws ToolException {
        String text = expression.strip();
        if (text.endsWith("=")) {
            text = text.substring(0, text.length() - 1);
        }
        if (text.length() > MAX_LENGTH) {
            throw new ToolException("the expression is longer than " + MAX_LENGTH + " characters");
        }
        Calculation calculation = new Calculation(text);
        Fraction value = calculation.sum();
        if (calculation.peek() != '\0') {
            throw calculation.unexpected();
        }
        return shown(value);
    }

    private static String shown(Fraction value) throws ToolException {
        if (value.under.equals(BigInteger.ONE)) {
            String digits = value.over.toString();
            if (digits.length() > MAX_SHOWN) {
                throw new ToolException("the result has " + digits.length() + " digits");
            }
            return digits;
        }
        BigDecimal decimal = new BigDecimal(value.over)
                .divide(new BigDecimal(value.under), new MathContext(DIGITS, RoundingMode.HALF_EVEN));
        String digits = decimal.stripTrailingZeros().toPlainString();
        return digits.length() > MAX_SHOWN ? decimal.stripTrailingZeros().toString() : digits;
    }

    private Fraction sum() throws ToolException {
        Fraction left = product();
        while (true) {
            switch (peek()) {
                case '+' -> {
                    at++;
                    left = left.plus(product());
                }
                case '-', '−' -> {
                    at++;
                    left = left.plus(product().negated());
                }
                default -> {
                    return left;
                }
            }
        }
    }

    private Fraction product() throws ToolException {
        Fraction left = power();
        while (true) {
            switch (peek()) {
                case '*', '×' -> {
                    at++;
                    left = left.times(power());
                }
                case '/', '÷' -> {
                    at++;
                    left = left.times(power().inverse());
                }
                default -> {
                    return left;
                }
            }
        }
    }

    private Fraction power() throws ToolException {
        if (++depth > MAX_DEPTH) {
            throw new ToolException("the expression is nested too deeply");
        }
        Fraction value;
        switch (peek()) {
            case '-', '−' -> {
                at++;
                value = power().negated();
            }
            case '+' -> {
                at++;
                value = power();
            }
            default -> {
                value = atom();
                if (peek() == '^' || text.startsWith("**", at)) {
                    at += peek() == '^' ? 1 : 2;
                    value = value.power(power());
                }
            }
        }
        depth--;
        return value;
    }

    private Fraction atom() throws ToolException {
        if (peek() == '(') {
            at++;
            Fraction inside = sum();
            if (peek() != ')') {
                throw unexpected();
            }
            at++;
            return inside;
        }
        int start = at;
        int point = -1;
        while (at < text.length() && (isDigit(text.charAt(at)) || text.charAt(at) == '.' && point < 0)) {
            point = text.charAt(at) == '.' ? at : point;
            at++;
        }
        int places = point < 0 ? 0 : at - point - 1;
        String digits = text.substring(start, at).replace(".", "");
        if (digits.isEmpty()) {
            throw unexpected();
        }
        return Fraction.of(new BigInteger(digits), BigInteger.TEN.pow(places));
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    /** The next character that is no blank, where it is; 0 at the end. */
    private char peek() {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
        return at < text.length() ? text.charAt(at) : '\0';
    }

    private ToolException unexpected() {
        return new ToolException(
                peek() == '\0'
                        ? "the expression ends too early"
                        : "unexpected '" + text.substring(at, text.offsetByCodePoints(at, 1)) + "' at position "
                                + (at + 1));
    }
}
