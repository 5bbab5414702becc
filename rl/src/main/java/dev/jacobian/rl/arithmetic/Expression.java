// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.arithmetic;

import java.util.ArrayList;
import java.util.List;

/**
 * An arithmetic expression over whole numbers.
 *
 * <p>{@code toString} writes it with the parentheses that are needed to read the same tree back, operators between
 * spaces: {@code (3 + 4) * 5}.
 */
public sealed interface Expression {

    /**
     * The exact value.
     *
     * @throws ArithmeticException on division by zero, or if a step does not fit a {@link Rational}
     */
    Rational value();

    /** The numbers written in it, from left to right. */
    default List<Long> numbers() {
        List<Long> numbers = new ArrayList<>();
        collect(this, numbers);
        return numbers;
    }

    /**
     * A number as written.
     *
     * @param number not negative
     */
    record Literal(long number) implements Expression {
        /** Checks the sign: a negative number is a {@link Negation}. */
        public Literal {
            if (number < 0) {
                throw new IllegalArgumentException("a literal is not negative, got " + number);
            }
        }

        @Override
        public Rational value() {
            return Rational.of(number);
        }

        @Override
        public String toString() {
            return Long.toString(number);
        }
    }

    /**
     * A sign in front of an operand.
     *
     * @param operand what the sign belongs to
     */
    record Negation(Expression operand) implements Expression {
        @Override
        public Rational value() {
            return operand.value().negate();
        }

        @Override
        public String toString() {
            return operand instanceof Binary ? "-(" + operand + ")" : "-" + operand;
        }
    }

    /**
     * Two operands joined by an operator.
     *
     * @param left the left operand
     * @param operator the operator
     * @param right the right operand
     */
    record Binary(Expression left, Operator operator, Expression right) implements Expression {
        @Override
        public Rational value() {
            return operator.apply(left.value(), right.value());
        }

        /** How many of the two operands are written in parentheses. */
        public int parentheses() {
            return (isWrapped(left, operator.precedence()) ? 1 : 0)
                    + (isWrapped(right, operator.precedence() + 1) ? 1 : 0);
        }

        @Override
        public String toString() {
            // Operators associate to the left, so on the right equal precedence needs parentheses too.
            return written(left, operator.precedence()) + " " + operator.symbol() + " "
                    + written(right, operator.precedence() + 1);
        }

        private static String written(Expression operand, int lowestPrecedence) {
            return isWrapped(operand, lowestPrecedence) ? "(" + operand + ")" : operand.toString();
        }

        private static boolean isWrapped(Expression operand, int lowestPrecedence) {
            return operand instanceof Binary binary && binary.operator.precedence() < lowestPrecedence;
        }
    }

    private static void collect(Expression expression, List<Long> numbers) {
        switch (expression) {
            case Literal literal -> numbers.add(literal.number());
            case Negation negation -> collect(negation.operand(), numbers);
            case Binary binary -> {
                collect(binary.left(), numbers);
                collect(binary.right(), numbers);
            }
        }
    }
}
