// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import dev.jacobian.tensor.Nullable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * {@code value.name}, {@code value[index]} and slices, by the rules of Jinja's sandbox: a dot looks for a method first and for an
 * item second, brackets the other way round; what would change a list or a dictionary, and names that Python keeps for
 * itself, are there but fail when they are used.
 */
final class Attributes {
    private static final Set<String> LIST_CHANGES =
            Set.of("append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove");
    private static final Set<String> DICT_CHANGES = Set.of("clear", "pop", "popitem", "setdefault", "update");

    private Attributes() {}

    /** {@code value.name}. */
    static Value attribute(Value value, String name) {
        if (value instanceof Value.Undefined undefined) {
            throw undefined.failure();
        }
        Value found = own(value, name);
        if (found == null && value instanceof Value.Dict dict) {
            found = dict.entries().get(new Value.Str(name));
        }
        return found != null ? found : missing(value, new Value.Str(name));
    }

    /** The method or attribute of Python's object, if it has one of that name. */
    static @Nullable Value own(Value value, String name) {
        boolean forbidden = name.startsWith("__") && name.endsWith("__")
                || value instanceof Value.Items && LIST_CHANGES.contains(name)
                || value instanceof Value.Dict && DICT_CHANGES.contains(name);
        if (forbidden) {
            return new Value.Undefined(
                    "access to attribute '" + name + "' of '" + PythonText.typeName(value) + "' object is unsafe",
                    true);
        }
        return switch (value) {
            case Value.Str string -> StringMethods.find(string, name);
            case Value.Sequence sequence -> ContainerMethods.find(sequence, name);
            case Value.Dict dict -> ContainerMethods.find(dict, name);
            case Value.Namespace namespace -> namespace.attributes().get(name);
            case Value.Special special -> special.attribute(name);
            case Value.Numeric number -> ContainerMethods.find(number, name);
            default -> null;
        };
    }

    /** {@code value[index]}. */
    static Value item(Value value, Value index) {
        if (value instanceof Value.Undefined undefined) {
            throw undefined.failure();
        }
        Value found = element(value, index);
        if (found == null && index instanceof Value.Str name) {
            found = own(value, name.text());
        }
        return found != null ? found : missing(value, index);
    }

    private static @Nullable Value element(Value value, Value index) {
        if (value instanceof Value.Dict dict) {
            return Hashing.isHashable(index) ? dict.entries().get(index) : null;
        }
        if (!(index instanceof Value.Numeric number) || !number.isInteger()) {
            return null;
        }
        return switch (value) {
            case Value.Str string -> {
                int length = Iterables.length(string);
                int at = place(number, length);
                yield at < 0 ? null : new Value.Str(CodePoints.at(string.text(), at));
            }
            case Value.Sequence sequence -> {
                int at = place(number, sequence.items().size());
                yield at < 0 ? null : sequence.items().get(at);
            }
            case Value.Range range -> {
                int at = place(number, range.count());
                yield at < 0 ? null : range.get(at);
            }
            default -> null;
        };
    }

    /** An index from the front; -1 if it is outside. */
    private static int place(Value.Numeric index, int length) {
        int at = Arguments.clamped(index.integer());
        at = at < 0 ? at + length : at;
        return at < length ? Math.max(at, -1) : -1;
    }

    private static Value missing(Value value, Value name) {
        String type = value == Value.None.NONE ? "None" : PythonText.typeName(value) + " object";
        return new Value.Undefined(
                name instanceof Value.Str string
                        ? "'" + type + "' has no attribute "
                                + PythonText.repr(
                                        string.text().length() <= 100
                                                ? string.text()
                                                : string.text().substring(0, 100))
                        : type + " has no element "
                                + (name instanceof Value.Numeric number && number.isInteger()
                                        ? number.integer()
                                        : "of that index"),
                false);
    }

    /** {@code value[start:stop:step]}. */
    static Value slice(Value value, Optional<Value> start, Optional<Value> stop, Optional<Value> step, Meter meter) {
        if (value instanceof Value.Undefined undefined) {
            throw undefined.failure();
        }
        boolean sliceable =
                value instanceof Value.Str || value instanceof Value.Sequence || value instanceof Value.Range;
        if (!sliceable) {
            throw JinjaException.operation("'" + PythonText.typeName(value) + "' object has no slices");
        }
        int length = Iterables.length(value);
        int by = step.flatMap(Attributes::bound).orElse(1);
        if (by == 0) {
            throw JinjaException.operation("slice step cannot be zero");
        }
        int first = clip(start.flatMap(Attributes::bound).orElse(by > 0 ? 0 : Integer.MAX_VALUE), length, by);
        int end = stop.flatMap(Attributes::bound)
                .map(bound -> clip(bound, length, by))
                .orElse(by > 0 ? length : -1);
        long span = by > 0 ? (long) end - first : (long) first - end;
        int count = span <= 0 ? 0 : (int) ((span - 1) / Math.abs((long) by) + 1);
        meter.make(count);
        meter.read(length);
        return switch (value) {
            case Value.Str string -> new Value.Str(CodePoints.slice(string.text(), first, by, count));
            case Value.Items list -> Value.Items.of(picked(list.items(), first, by, count));
            case Value.Tuple tuple -> Value.Tuple.of(picked(tuple.items(), first, by, count));
            case Value.Range range ->
                new Value.Range(
                        range.start() + first * range.step(),
                        range.start() + end * range.step(),
                        range.step() * by,
                        count);
            default -> throw new AssertionError(value);
        };
    }

    private static Optional<Integer> bound(Value value) {
        if (value == Value.None.NONE) {
            return Optional.empty();
        }
        if (value instanceof Value.Numeric number && number.isInteger()) {
            return Optional.of(Arguments.clamped(number.integer()));
        }
        throw JinjaException.operation("slice indices must be integers or None");
    }

    /** A bound as a place from the front, within what a walk with this step can reach. */
    private static int clip(int bound, int length, int step) {
        int at = bound < 0 ? bound + length : bound;
        return step > 0 ? Math.clamp(at, 0, length) : Math.clamp(at, -1, length - 1);
    }

    private static List<Value> picked(List<Value> items, int first, int step, int count) {
        List<Value> out = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            out.add(items.get(first + i * step));
        }
        return out;
    }
}
