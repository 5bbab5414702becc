// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import dev.jacobian.tensor.Nullable;
import java.time.LocalDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The functions that every template finds: Jinja's own, and {@code raise_exception} and {@code strftime_now} of transformers. */
final class Globals {
    static final Map<String, Value> ALL = Map.of(
            "range", new Value.Function("range", Globals::range),
            "dict", new Value.Function("dict", Globals::dictionary),
            "namespace",
                    new Value.Function("namespace", (session, arguments) -> {
                        Value.Namespace namespace = new Value.Namespace();
                        dictionary(session, arguments)
                                .entries()
                                .forEach((key, value) -> namespace.attributes().put(session.text(key), value));
                        return namespace;
                    }),
            "cycler", new Value.Function("cycler", (session, arguments) -> new Cycler(arguments.positional())),
            "joiner",
                    new Value.Function("joiner", (session, given) -> {
                        Value separator = given.bind("sep").find("sep").orElse(new Value.Str(", "));
                        boolean[] used = {false};
                        return new Value.Function("joiner", (inner, arguments) -> {
                            Value next = used[0] ? separator : Value.Str.EMPTY;
                            used[0] = true;
                            return next;
                        });
                    }),
            "raise_exception",
                    new Value.Function("raise_exception", (session, arguments) -> {
                        throw new JinjaException(
                                JinjaException.Kind.RAISED,
                                session.text(arguments.bind("message").get("message")));
                    }),
            "strftime_now",
                    new Value.Function(
                            "strftime_now",
                            (session, arguments) -> session.made(Strftime.format(
                                    LocalDateTime.now(session.clock()),
                                    arguments.bind("format").string("format")))));

    private Globals() {}

    private static Value range(Session session, Arguments arguments) {
        List<Value> bounds = arguments.positional();
        if (!arguments.named().isEmpty() || bounds.isEmpty() || bounds.size() > 3) {
            throw JinjaException.operation("range takes one to three whole numbers");
        }
        long[] numbers = new long[bounds.size()];
        for (int i = 0; i < numbers.length; i++) {
            boolean small = bounds.get(i) instanceof Value.Numeric number
                    && number.isInteger()
                    && number.integer().bitLength() < Integer.SIZE;
            if (bounds.get(i) instanceof Value.Undefined undefined) {
                throw undefined.failure();
            }
            if (!small) {
                throw JinjaException.operation(
                        "range takes whole numbers of at most 31 bits, not " + PythonText.typeName(bounds.get(i)));
            }
            numbers[i] = ((Value.Numeric) bounds.get(i)).integer().longValueExact();
        }
        long start = numbers.length > 1 ? numbers[0] : 0;
        long stop = numbers.length > 1 ? numbers[1] : numbers[0];
        long step = numbers.length > 2 ? numbers[2] : 1;
        if (step == 0) {
            throw JinjaException.operation("range() arg 3 must not be zero");
        }
        long span = step > 0 ? stop - start : start - stop;
        long count = span <= 0 ? 0 : (span - 1) / Math.abs(step) + 1;
        if (count > JinjaLimits.MAX_RANGE) {
            throw JinjaException.limit("range too big, the sandbox blocks ranges larger than " + JinjaLimits.MAX_RANGE
                    + " (limit: length of a range)");
        }
        return new Value.Range(start, stop, step, (int) count);
    }

    /** {@code dict(mapping or pairs, name=value)}. */
    static Value.Dict dictionary(Session session, Arguments arguments) {
        Map<Value, Value> entries = new LinkedHashMap<>();
        for (Value source : arguments.positional()) {
            if (source instanceof Value.Dict dict) {
                entries.putAll(dict.entries());
                continue;
            }
            for (Value pair : Iterables.list(source, session.meter())) {
                List<Value> both = Iterables.list(pair, session.meter());
                if (both.size() != 2) {
                    throw JinjaException.operation(
                            "dictionary update sequence element has length " + both.size() + "; 2 is required");
                }
                entries.put(Hashing.require(both.get(0)), both.get(1));
            }
        }
        arguments.named().forEach((name, value) -> entries.put(new Value.Str(name), value));
        session.meter().make(8L * entries.size());
        return Value.Dict.of(entries);
    }

    /** What {@code cycler} returns. */
    private static final class Cycler implements Value.Special {
        private final List<Value> items;
        private int next;

        Cycler(List<Value> items) {
            if (items.isEmpty()) {
                throw JinjaException.operation("at least one item has to be provided");
            }
            this.items = items;
        }

        @Override
        public String typeName() {
            return "Cycler";
        }

        @Override
        public @Nullable Value attribute(String name) {
            return switch (name) {
                case "current" -> items.get(next);
                case "next" ->
                    new Value.Function(name, (session, arguments) -> {
                        Value current = items.get(next);
                        next = (next + 1) % items.size();
                        return current;
                    });
                case "reset" ->
                    new Value.Function(name, (session, arguments) -> {
                        next = 0;
                        return Value.None.NONE;
                    });
                default -> null;
            };
        }
    }
}
