// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import dev.jacobian.tensor.Nullable;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What an expression can be: Python's values as far as templates meet them.
 *
 * <p>Decisions: {@code equals} is Python's {@code ==} ({@code 1 == 1.0 == true}), so values are keys of Java's maps as they are of
 * Python's. Containers cannot change, because the sandbox that chat templates run in lets nothing change them; only {@link
 * Namespace} can. No Java object is ever reachable from a template.
 */
sealed interface Value {
    /** How large the value is. */
    default Extent extent() {
        return Extent.ONE;
    }

    /** {@code none}. */
    enum None implements Value {
        NONE
    }

    /** A number or a truth value, which Python counts among the numbers. */
    sealed interface Numeric extends Value {
        /** Whether both are the same number. */
        static boolean same(Numeric a, Numeric b) {
            if (a instanceof Real && b instanceof Real) {
                return a.real() == b.real();
            }
            if (a instanceof Real || b instanceof Real) {
                double real = a instanceof Real ? a.real() : b.real();
                BigInteger integer = a instanceof Real ? b.integer() : a.integer();
                return Double.isFinite(real) && new BigDecimal(real).compareTo(new BigDecimal(integer)) == 0;
            }
            return a.integer().equals(b.integer());
        }

        /** The number as an integer; only if {@link #isInteger}. */
        BigInteger integer();

        /** The nearest floating-point number. */
        double real();

        /** Whether it is an integer or a truth value. */
        default boolean isInteger() {
            return !(this instanceof Real);
        }
    }

    /** A truth value. */
    record Bool(boolean value) implements Numeric {
        static final Bool TRUE = new Bool(true);
        static final Bool FALSE = new Bool(false);

        static Bool of(boolean value) {
            return value ? TRUE : FALSE;
        }

        @Override
        public BigInteger integer() {
            return value ? BigInteger.ONE : BigInteger.ZERO;
        }

        @Override
        public double real() {
            return value ? 1 : 0;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Numeric number && Numeric.same(this, number);
        }

        @Override
        public int hashCode() {
            return value ? 1 : 0;
        }
    }

    /** An integer of any size up to {@link JinjaLimits#MAX_INTEGER_BITS}. */
    record Int(BigInteger value) implements Numeric, Comparable<Int> {
        static Int of(long value) {
            return new Int(BigInteger.valueOf(value));
        }

        @Override
        public Extent extent() {
            return value.bitLength() < Long.SIZE ? Extent.ONE : new Extent(0, value.bitLength() / 3); // its digits
        }

        @Override
        public BigInteger integer() {
            return value;
        }

        @Override
        public double real() {
            return value.doubleValue();
        }

        @Override
        public int compareTo(Int other) {
            return value.compareTo(other.value);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Numeric number && Numeric.same(this, number);
        }

        @Override
        public int hashCode() {
            return value.hashCode();
        }
    }

    /** A floating-point number. */
    record Real(double value) implements Numeric {
        @Override
        public BigInteger integer() {
            throw new IllegalStateException("not an integer: " + value);
        }

        @Override
        public double real() {
            return value;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Numeric number && Numeric.same(this, number);
        }

        @Override
        public int hashCode() {
            boolean whole = value == Math.rint(value) && !Double.isInfinite(value);
            return whole ? new BigDecimal(value).toBigInteger().hashCode() : Double.hashCode(value);
        }
    }

    /**
     * A text. Its length and its indices count code points, as Python's do.
     *
     * @param safe whether it is marked as HTML: what is then added to it is escaped. Only {@code safe} and {@code escape} make such
     *     texts; some templates that tell tools use them by mistake, and their models have learned the result
     */
    record Str(String text, boolean safe) implements Value, Comparable<Str> {
        static final Str EMPTY = new Str("");

        Str(String text) {
            this(text, false);
        }

        /** This text as it is added to one that is marked as HTML. */
        Str escaped() {
            return safe ? this : new Str(TextFilters.escape(text), true);
        }

        @Override
        public Extent extent() {
            return new Extent(0, 1L + text.length());
        }

        /** The order of UTF-16, which keeps Java's maps quick when many keys have one hash. */
        @Override
        public int compareTo(Str other) {
            return text.compareTo(other.text);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Str string && text.equals(string.text);
        }

        @Override
        public int hashCode() {
            return text.hashCode();
        }
    }

    /** A list or a tuple. */
    sealed interface Sequence extends Value {
        List<Value> items();
    }

    /** A list. */
    record Items(List<Value> items, Extent extent) implements Sequence {
        static final Items EMPTY = of(List.of());

        static Items of(List<Value> items) {
            return new Items(Collections.unmodifiableList(items), Extent.of(items));
        }
    }

    /**
     * A tuple.
     *
     * @param names of its elements, for a named tuple; otherwise empty
     */
    record Tuple(List<Value> items, List<String> names, Extent extent) implements Sequence {
        static Tuple of(List<Value> items) {
            return new Tuple(Collections.unmodifiableList(items), List.of(), Extent.of(items));
        }

        static Tuple of(Value... items) {
            return of(Arrays.asList(items));
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Tuple tuple && items.equals(tuple.items);
        }

        @Override
        public int hashCode() {
            return items.hashCode();
        }
    }

    /** A dictionary, in the order of insertion. */
    record Dict(Map<Value, Value> entries, Extent extent) implements Value {
        static Dict of(Map<Value, Value> entries) {
            return new Dict(Collections.unmodifiableMap(entries), Extent.of(entries.keySet(), entries.values()));
        }
    }

    /** What {@code keys()}, {@code values()} and {@code items()} of a dictionary return. */
    record View(Kind kind, List<Value> items, Extent extent) implements Value {
        enum Kind {
            KEYS,
            VALUES,
            ITEMS
        }

        static View of(Kind kind, List<Value> items) {
            return new View(kind, Collections.unmodifiableList(items), Extent.of(items));
        }
    }

    /** What {@code range} returns: {@code count} numbers from {@code start}. */
    record Range(long start, long stop, long step, int count) implements Value {
        Value get(int index) {
            return Int.of(start + index * step);
        }
    }

    /**
     * What can be walked through once, such as the result of {@code map}. Elements are computed when they are asked for, and
     * it is true whether or not there are any: both as in Python.
     *
     * @param name of its kind, for messages
     */
    record Generator(String name, Iterator<Value> elements) implements Value {
        @Override
        public boolean equals(@Nullable Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }
    }

    /** What does not exist. It prints as nothing and is false; whatever else is done with it fails with its message. */
    record Undefined(String message, boolean unsafe) implements Value {
        static Undefined named(String name) {
            return new Undefined("'" + name + "' is undefined", false);
        }

        JinjaException failure() {
            return new JinjaException(unsafe ? JinjaException.Kind.SECURITY : JinjaException.Kind.UNDEFINED, message);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Undefined;
        }

        @Override
        public int hashCode() {
            return 0;
        }
    }

    /** What {@code namespace()} returns: the one thing whose attributes a template can set. */
    final class Namespace implements Value {
        private final Map<String, Value> attributes = new LinkedHashMap<>();

        Map<String, Value> attributes() {
            return attributes;
        }
    }

    /** Something with attributes that Java computes, and perhaps a call: {@code loop}, a macro, a method of a string. */
    non-sealed interface Special extends Value {
        /** What messages call it. */
        String typeName();

        /** An attribute, or null. */
        default @Nullable Value attribute(String name) {
            return null;
        }

        /** Whether it can be called. */
        default boolean isCallable() {
            return false;
        }

        /** Calls it. */
        default Value call(Session session, Arguments arguments) {
            throw JinjaException.operation("'" + typeName() + "' object is not callable");
        }
    }

    /** A function of the environment or a method with its object. */
    record Function(String name, Body body) implements Special {
        /** What a call computes. */
        @FunctionalInterface
        interface Body {
            Value call(Session session, Arguments arguments);
        }

        @Override
        public String typeName() {
            return "function";
        }

        @Override
        public boolean isCallable() {
            return true;
        }

        @Override
        public Value call(Session session, Arguments arguments) {
            return body.call(session, arguments);
        }
    }
}
