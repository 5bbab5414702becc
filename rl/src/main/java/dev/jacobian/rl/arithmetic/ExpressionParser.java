// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.arithmetic;

/**
 * Reads arithmetic that a model wrote.
 *
 * <pre>
 * sum     = product { ("+" | "-") product }
 * product = factor  { ("*" | "/") factor }
 * factor  = ("+" | "-") factor | "(" sum ")" | number
 * number  = digit { digit }                             without leading zeros
 * </pre>
 *
 * <p>{@code ×}, {@code ÷} and {@code −} count as {@code *}, {@code /} and {@code -}; blanks may stand between tokens.
 * There are no powers, decimals, names or calls. Text from a model is hostile input: length, nesting and number size
 * are limited, so neither the stack nor the time can be exhausted.
 */
public final class ExpressionParser {
    /** The longest text, in chars. */
    public static final int MAX_LENGTH = 1024;

    /** How deep parentheses and signs may nest. */
    public static final int MAX_DEPTH = 64;

    /** The most digits of a number. */
    public static final int MAX_DIGITS = 15;

    private static final char END = '\0';

    private final String text;
    private int position;
    private int depth;

    private ExpressionParser(String text) {
        this.text = text;
    }

    /**
     * Parses a whole text as one expression.
     *
     * @throws ExpressionException if the text is no expression or exceeds a limit
     */
    public static Expression parse(String text) {
        if (text.length() > MAX_LENGTH) {
            throw new ExpressionException("expression longer than " + MAX_LENGTH + " characters", MAX_LENGTH);
        }
        ExpressionParser parser = new ExpressionParser(text);
        Expression expression = parser.sum();
        if (parser.peek() != END) {
            throw parser.error("unexpected '" + text.charAt(parser.position) + "'");
        }
        return expression;
    }

    private Expression sum() {
        Expression left = product();
        while (true) {
            switch (peek()) {
                case '+' -> left = new Expression.Binary(left, next(Operator.ADD), product());
                case '-' -> left = new Expression.Binary(left, next(Operator.SUBTRACT), product());
                default -> {
                    return left;
                }
            }
        }
    }

    private Expression product() {
        Expression left = factor();
        while (true) {
            switch (peek()) {
                case '*' -> left = new Expression.Binary(left, next(Operator.MULTIPLY), factor());
                case '/' -> left = new Expression.Binary(left, next(Operator.DIVIDE), factor());
                default -> {
                    return left;
                }
            }
        }
    }

    private Expression factor() {
        if (++depth > MAX_DEPTH) {
            throw error("nested deeper than " + MAX_DEPTH);
        }
        char symbol = peek();
        Expression factor;
        switch (symbol) {
            case '+' -> {
                position++;
                factor = factor();
            }
            case '-' -> {
                position++;
                factor = new Expression.Negation(factor());
            }
            case '(' -> {
                position++;
                factor = sum();
                if (peek() != ')') {
                    throw error("expected ')'");
                }
                position++;
            }
            default -> factor = number();
        }
        depth--;
        return factor;
    }

    private Expression number() {
        int start = position;
        while (position < text.length() && text.charAt(position) >= '0' && text.charAt(position) <= '9') {
            position++;
        }
        int digits = position - start;
        if (digits == 0) {
            throw error(start == text.length() ? "expected a number, found the end" : "expected a number");
        }
        if (digits > MAX_DIGITS) {
            throw error("number with more than " + MAX_DIGITS + " digits");
        }
        if (digits > 1 && text.charAt(start) == '0') {
            throw error("number with a leading zero");
        }
        return new Expression.Literal(Long.parseLong(text, start, position, 10));
    }

    /** The next character that is not blank, as ASCII, without consuming it; {@link #END} at the end. */
    private char peek() {
        while (position < text.length() && Character.isWhitespace(text.charAt(position))) {
            position++;
        }
        if (position == text.length()) {
            return END;
        }
        return switch (text.charAt(position)) {
            case '\u00d7' -> '*';
            case '\u00f7' -> '/';
            case '\u2212' -> '-';
            case END -> throw error("unexpected NUL");
            default -> text.charAt(position);
        };
    }

    private Operator next(Operator operator) {
        position++;
        return operator;
    }

    private ExpressionException error(String problem) {
        return new ExpressionException(problem, position);
    }
}
