// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Optional;

/**
 * Reads polynomials as Python writes them.
 *
 * <pre>
 * sum     = product { ("+" | "-") product }
 * product = signed  { ("*" | "/") signed }
 * signed  = ("+" | "-") signed | power
 * power   = atom [ "**" whole number ]
 * atom    = number | name | "(" sum ")"
 * </pre>
 *
 * <p>What is divided by is a number other than 0. A text from a model is hostile input: its length, its depth, and the size of
 * what it makes are bounded, and each operation is checked before the next.
 */
final class PolynomialParser {
    private static final int MAX_LENGTH = 2000;
    private static final int MAX_DEPTH = 64;
    private static final int MAX_DIGITS = 100;
    private static final int MAX_EXPONENT = 100;
    private static final int MAX_WORK = 20_000; // products of two terms

    private final String text;
    private int position;
    private int depth;
    private int work;

    private PolynomialParser(String text) {
        this.text = text;
    }

    private static final class Unreadable extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Unreadable() {
            super("not a polynomial", null, false, false);
        }
    }

    static Optional<Polynomial> parse(String text) {
        if (text.length() > MAX_LENGTH) {
            return Optional.empty();
        }
        PolynomialParser parser = new PolynomialParser(text);
        try {
            Polynomial value = parser.sum();
            return parser.peek() == 0 ? Optional.of(value) : Optional.empty();
        } catch (Unreadable | ArithmeticException none) {
            return Optional.empty();
        }
    }

    private Polynomial sum() {
        Polynomial value = product();
        while (peek() == '+' || peek() == '-') {
            boolean minus = text.charAt(position++) == '-';
            Polynomial next = product();
            value = value.plus(minus ? next.negated() : next);
        }
        return value;
    }

    private Polynomial product() {
        Polynomial value = signed();
        while (peek() == '*' || peek() == '/') {
            boolean divided = text.charAt(position++) == '/';
            Polynomial next = signed();
            value = times(value, divided ? Polynomial.of(divisor(next).inverse()) : next);
        }
        return value;
    }

    private Polynomial times(Polynomial left, Polynomial right) {
        work += left.terms().size() * right.terms().size();
        if (work > MAX_WORK) {
            throw new Unreadable();
        }
        return left.times(right);
    }

    private static Fraction divisor(Polynomial value) {
        return value.constant().filter(number -> !number.isZero()).orElseThrow(Unreadable::new);
    }

    private Polynomial signed() {
        if (++depth > MAX_DEPTH) {
            throw new Unreadable();
        }
        boolean minus = peek() == '-';
        Polynomial value;
        if (minus || peek() == '+') {
            position++;
            value = minus ? signed().negated() : signed();
        } else {
            value = power();
        }
        depth--;
        return value;
    }

    private Polynomial power() {
        Polynomial base = atom();
        if (!(peek() == '*' && text.startsWith("**", position))) {
            return base;
        }
        position += 2;
        peek();
        String digits = digits();
        if (digits.isEmpty() || digits.length() > 3 || Integer.parseInt(digits) > MAX_EXPONENT) {
            throw new Unreadable();
        }
        Polynomial value = Polynomial.of(Fraction.of(1));
        for (int i = Integer.parseInt(digits); i > 0; i--) {
            value = times(value, base);
        }
        return value;
    }

    private Polynomial atom() {
        char symbol = peek();
        if (symbol == '(') {
            position++;
            Polynomial value = sum();
            if (peek() != ')') {
                throw new Unreadable();
            }
            position++;
            return value;
        }
        return isLetter(symbol) ? Polynomial.variable(name()) : Polynomial.of(number());
    }

    private String name() {
        int start = position;
        while (position < text.length() && isLetter(text.charAt(position))) {
            position++;
        }
        return text.substring(start, position);
    }

    /** Digits with a point in or behind them; Python refuses zeros before other digits of a whole number. */
    private Fraction number() {
        String whole = digits();
        boolean point = position < text.length() && text.charAt(position) == '.';
        if (point) {
            position++;
        }
        String decimals = point ? digits() : "";
        boolean octal = !point && whole.length() > 1 && whole.startsWith("0") && !whole.matches("0+");
        if (whole.isEmpty() && decimals.isEmpty() || octal || whole.length() + decimals.length() > MAX_DIGITS) {
            throw new Unreadable();
        }
        BigDecimal value = new BigDecimal("0" + whole + "." + decimals + "0");
        return new Fraction(value.unscaledValue(), BigInteger.TEN.pow(value.scale()));
    }

    private String digits() {
        int start = position;
        while (position < text.length() && text.charAt(position) >= '0' && text.charAt(position) <= '9') {
            position++;
        }
        return text.substring(start, position);
    }

    /** The next character that is not blank, without taking it; 0 at the end. */
    private char peek() {
        while (position < text.length() && text.charAt(position) == ' ') {
            position++;
        }
        return position == text.length() ? 0 : text.charAt(position);
    }

    private static boolean isLetter(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
    }
}
