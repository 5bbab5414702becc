// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.arithmetic;

/** The four operators. */
public enum Operator {
    /** Addition. */
    ADD('+', 1) {
        @Override
        public Rational apply(Rational left, Rational right) {
            return left.plus(right);
        }
    },
    /** Subtraction. */
    SUBTRACT('-', 1) {
        @Override
        public Rational apply(Rational left, Rational right) {
            return left.minus(right);
        }
    },
    /** Multiplication. */
    MULTIPLY('*', 2) {
        @Override
        public Rational apply(Rational left, Rational right) {
            return left.times(right);
        }
    },
    /** Exact division; by zero it throws {@link ArithmeticException}. */
    DIVIDE('/', 2) {
        @Override
        public Rational apply(Rational left, Rational right) {
            return left.dividedBy(right);
        }
    };

    private final char symbol;
    private final int precedence;

    Operator(char symbol, int precedence) {
        this.symbol = symbol;
        this.precedence = precedence;
    }

    /** The ASCII character. */
    public char symbol() {
        return symbol;
    }

    /** 1 for sums, 2 for products. */
    int precedence() {
        return precedence;
    }

    /** The exact result. */
    public abstract Rational apply(Rational left, Rational right);
}
