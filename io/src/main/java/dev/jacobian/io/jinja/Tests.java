// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import dev.jacobian.io.jinja.Expression.Comparator;
import java.math.BigInteger;
import java.util.Map;
import java.util.function.Predicate;

/** Jinja's tests: what stands behind {@code is}. */
final class Tests {
    /** A test of a value. */
    @FunctionalInterface
    interface Test {
        boolean holds(Session session, Value value, Arguments arguments);
    }

    static final Map<String, Test> ALL = Map.ofEntries(
            Map.entry("defined", plain(value -> !(value instanceof Value.Undefined))),
            Map.entry("undefined", plain(Value.Undefined.class::isInstance)),
            Map.entry("none", plain(value -> value == Value.None.NONE)),
            Map.entry("boolean", plain(Value.Bool.class::isInstance)),
            Map.entry("true", plain(value -> value instanceof Value.Bool(boolean truth) && truth)),
            Map.entry("false", plain(value -> value instanceof Value.Bool(boolean truth) && !truth)),
            Map.entry("integer", plain(Value.Int.class::isInstance)),
            Map.entry("float", plain(Value.Real.class::isInstance)),
            Map.entry("number", plain(Value.Numeric.class::isInstance)),
            Map.entry("string", plain(Value.Str.class::isInstance)),
            Map.entry("mapping", plain(Value.Dict.class::isInstance)),
            Map.entry("sequence", plain(Tests::isSequence)),
            Map.entry("iterable", plain(Iterables::isIterable)),
            Map.entry(
                    "callable",
                    plain(value -> value instanceof Value.Undefined
                            || value instanceof Value.Special special && special.isCallable())),
            Map.entry("escaped", plain(value -> value instanceof Value.Str marked && marked.safe())),
            Map.entry("lower", (session, value, arguments) -> cased(session, value, false)),
            Map.entry("upper", (session, value, arguments) -> cased(session, value, true)),
            Map.entry("odd", plain(value -> remainder(value, 2) == 1)),
            Map.entry("even", plain(value -> remainder(value, 2) == 0)),
            Map.entry("divisibleby", (session, value, given) -> {
                BigInteger by = integer(given.bind("num").get("num"));
                if (by.signum() == 0) {
                    throw JinjaException.operation("integer modulo by zero");
                }
                return integer(value).remainder(by).signum() == 0;
            }),
            Map.entry("sameas", (session, value, given) -> {
                Value other = given.bind("other").get("other");
                return value == other
                        || value.getClass() == other.getClass()
                                && value instanceof Value.Numeric
                                && value.equals(other);
            }),
            Map.entry(
                    "filter", plain(value -> value instanceof Value.Str name && Filters.ALL.containsKey(name.text()))),
            Map.entry("test", plain(value -> value instanceof Value.Str name && exists(name.text()))),
            Map.entry("in", comparison(Comparator.IN)),
            Map.entry("eq", comparison(Comparator.EQUAL)),
            Map.entry("equalto", comparison(Comparator.EQUAL)),
            Map.entry("==", comparison(Comparator.EQUAL)),
            Map.entry("ne", comparison(Comparator.NOT_EQUAL)),
            Map.entry("!=", comparison(Comparator.NOT_EQUAL)),
            Map.entry("lt", comparison(Comparator.LESS)),
            Map.entry("lessthan", comparison(Comparator.LESS)),
            Map.entry("<", comparison(Comparator.LESS)),
            Map.entry("le", comparison(Comparator.LESS_OR_EQUAL)),
            Map.entry("<=", comparison(Comparator.LESS_OR_EQUAL)),
            Map.entry("gt", comparison(Comparator.GREATER)),
            Map.entry("greaterthan", comparison(Comparator.GREATER)),
            Map.entry(">", comparison(Comparator.GREATER)),
            Map.entry("ge", comparison(Comparator.GREATER_OR_EQUAL)),
            Map.entry(">=", comparison(Comparator.GREATER_OR_EQUAL)));

    private Tests() {}

    private static boolean exists(String name) {
        return ALL.containsKey(name);
    }

    private static Test plain(Predicate<Value> predicate) {
        return (session, value, arguments) -> {
            arguments.bind();
            return predicate.test(value);
        };
    }

    private static Test comparison(Comparator comparator) {
        return (session, value, given) ->
                Comparisons.holds(comparator, value, given.bind("other").get("other"), session.meter());
    }

    private static boolean isSequence(Value value) {
        return switch (value) {
            case Value.Str s -> true;
            case Value.Sequence s -> true;
            case Value.Dict d -> true; // has a length and items
            case Value.Range r -> true;
            case Value.Undefined u -> true;
            default -> false;
        };
    }

    private static boolean cased(Session session, Value value, boolean upper) {
        String text = session.text(value);
        session.meter().read(text.length());
        return StringMethods.isCased(text, upper);
    }

    private static double remainder(Value value, int by) {
        return value instanceof Value.Real real
                ? real.value() - by * Math.floor(real.value() / by)
                : integer(value).mod(BigInteger.valueOf(by)).doubleValue();
    }

    private static BigInteger integer(Value value) {
        return switch (value) {
            case Value.Numeric number when number.isInteger() -> number.integer();
            case Value.Undefined undefined -> throw undefined.failure();
            default ->
                throw JinjaException.operation(
                        "unsupported operand type(s) for %: '" + PythonText.typeName(value) + "' and 'int'");
        };
    }
}
