// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import java.util.List;
import java.util.Optional;

/** The parts of an expression, as the parser found them. */
sealed interface Expression {
    /** A constant. */
    record Literal(Value value) implements Expression {}

    /** A variable. */
    record Name(String name) implements Expression {}

    /** {@code [a, b]}. */
    record ListOf(List<Expression> items) implements Expression {}

    /** {@code (a, b)}, also without the parentheses. */
    record TupleOf(List<Expression> items) implements Expression {}

    /** {@code {a: b}}. */
    record DictOf(List<Expression> keys, List<Expression> values) implements Expression {}

    /** {@code target.name}. */
    record Attribute(Expression target, String name) implements Expression {}

    /** {@code target[index]}. */
    record Item(Expression target, Expression index) implements Expression {}

    /** {@code target[start:stop:step]}. */
    record Slice(Expression target, Optional<Expression> start, Optional<Expression> stop, Optional<Expression> step)
            implements Expression {}

    /** {@code callee(arguments)}. */
    record Call(Expression callee, CallArguments arguments) implements Expression {}

    /** {@code input|name(arguments)}. */
    record Filter(Expression input, String name, CallArguments arguments) implements Expression {}

    /** {@code input is name(arguments)}. */
    record Test(Expression input, String name, CallArguments arguments) implements Expression {}

    /** {@code not operand}. */
    record Not(Expression operand) implements Expression {}

    /** {@code -operand} or {@code +operand}. */
    record Sign(boolean minus, Expression operand) implements Expression {}

    /** {@code left operator right} with a number as the usual result. */
    record Binary(Operator operator, Expression left, Expression right) implements Expression {}

    /** {@code left and right}. */
    record And(Expression left, Expression right) implements Expression {}

    /** {@code left or right}. */
    record Or(Expression left, Expression right) implements Expression {}

    /** {@code first < second <= third}: each neighbour is compared, the first failure decides. */
    record Comparison(Expression first, List<Comparator> comparators, List<Expression> others) implements Expression {}

    /** {@code a ~ b}. */
    record Concatenation(List<Expression> parts) implements Expression {}

    /** {@code value if condition else otherwise}. */
    record Conditional(Expression condition, Expression value, Optional<Expression> otherwise) implements Expression {}

    /** Arithmetic. */
    enum Operator {
        ADD("+"),
        SUBTRACT("-"),
        MULTIPLY("*"),
        DIVIDE("/"),
        FLOOR_DIVIDE("//"),
        MODULO("%"),
        POWER("**");

        private final String symbol;

        Operator(String symbol) {
            this.symbol = symbol;
        }

        String symbol() {
            return symbol;
        }
    }

    /** What compares two values. */
    enum Comparator {
        EQUAL("=="),
        NOT_EQUAL("!="),
        LESS("<"),
        LESS_OR_EQUAL("<="),
        GREATER(">"),
        GREATER_OR_EQUAL(">="),
        IN("in"),
        NOT_IN("not in");

        private final String symbol;

        Comparator(String symbol) {
            this.symbol = symbol;
        }

        String symbol() {
            return symbol;
        }
    }

    /** A keyword and its value. */
    record Named(String name, Expression value) {}

    /**
     * What stands between the parentheses of a call.
     *
     * @param spread behind {@code *}
     * @param spreadNamed behind {@code **}
     */
    record CallArguments(
            List<Expression> positional,
            List<Named> named,
            Optional<Expression> spread,
            Optional<Expression> spreadNamed) {
        static final CallArguments NONE = of(List.of());

        static CallArguments of(List<Expression> positional) {
            return new CallArguments(positional, List.of(), Optional.empty(), Optional.empty());
        }
    }
}
