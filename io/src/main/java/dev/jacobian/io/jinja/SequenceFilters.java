// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** Filters of lists and of whatever else has elements. */
final class SequenceFilters {
    static final Map<String, Filters.Filter> ALL = Map.ofEntries(
            Map.entry("length", SequenceFilters::length),
            Map.entry("count", SequenceFilters::length),
            Map.entry(
                    "list",
                    (session, input, arguments) -> input instanceof Value.Items
                            ? input
                            : Value.Items.of(Iterables.list(input, session.meter()))),
            Map.entry("first", (session, input, arguments) -> {
                Iterator<Value> elements = Iterables.iterator(input);
                return elements.hasNext() ? elements.next() : none("No first item, sequence was empty.");
            }),
            Map.entry("last", SequenceFilters::last),
            Map.entry("join", SequenceFilters::join),
            Map.entry("sort", SequenceFilters::sort),
            Map.entry("dictsort", SequenceFilters::sortDictionary),
            Map.entry("items", SequenceFilters::items),
            Map.entry("reverse", SequenceFilters::reverse),
            Map.entry("unique", SequenceFilters::unique),
            Map.entry("min", (session, input, arguments) -> extreme(session, input, arguments, -1)),
            Map.entry("max", (session, input, arguments) -> extreme(session, input, arguments, 1)),
            Map.entry("sum", SequenceFilters::sum),
            Map.entry("batch", SequenceFilters::batch),
            Map.entry("slice", SequenceFilters::slice),
            Map.entry("groupby", SequenceFilters::groupBy),
            Map.entry("map", SequenceFilters::map),
            Map.entry("select", (session, input, arguments) -> select(session, input, arguments, false, true)),
            Map.entry("reject", (session, input, arguments) -> select(session, input, arguments, false, false)),
            Map.entry("selectattr", (session, input, arguments) -> select(session, input, arguments, true, true)),
            Map.entry("rejectattr", (session, input, arguments) -> select(session, input, arguments, true, false)));

    private SequenceFilters() {}

    private static Value none(String message) {
        return new Value.Undefined(message, false);
    }

    private static Value length(Session session, Value input, Arguments arguments) {
        arguments.bind();
        session.meter().read(input instanceof Value.Str string ? string.text().length() : 1);
        return Value.Int.of(Iterables.length(input));
    }

    private static Value last(Session session, Value input, Arguments arguments) {
        arguments.bind();
        if (input instanceof Value.Generator) {
            throw JinjaException.operation("'generator' object is not reversible");
        }
        List<Value> elements = Iterables.list(input, session.meter());
        return elements.isEmpty() ? none("No last item, sequence was empty.") : elements.getLast();
    }

    private static Value join(Session session, Value input, Arguments given) {
        Arguments arguments = given.bind("d", "attribute");
        String separator = session.text(arguments.find("d").orElse(Value.Str.EMPTY));
        UnaryOperator<Value> key = attribute(session, arguments);
        StringBuilder out = new StringBuilder();
        boolean first = true;
        for (Value element : Iterables.list(input, session.meter())) {
            String text = session.text(key.apply(element));
            session.meter().make((long) text.length() + separator.length());
            out.append(first ? "" : separator).append(text);
            first = false;
        }
        return new Value.Str(out.toString());
    }

    /** What the argument {@code attribute} takes of an element; the element itself if it is not given. */
    private static UnaryOperator<Value> attribute(Session session, Arguments arguments) {
        return arguments
                .some("attribute")
                .map(attribute -> attribute(session, attribute, Optional.empty()))
                .orElse(element -> element);
    }

    /** An attribute path such as {@code a.b.0}, or an index. */
    private static UnaryOperator<Value> attribute(Session session, Value path, Optional<Value> fallback) {
        List<Value> steps = path instanceof Value.Str string
                ? Stream.of(string.text().split("\\.", -1))
                        .map(SequenceFilters::step)
                        .toList()
                : List.of(path);
        return element -> {
            Value value = element;
            for (Value step : steps) {
                session.meter().step();
                value = Attributes.item(value, step);
                if (value instanceof Value.Undefined && fallback.isPresent()) {
                    value = fallback.get();
                }
            }
            return value;
        };
    }

    private static Value step(String name) {
        boolean number = !name.isEmpty() && name.length() < 10 && name.chars().allMatch(c -> c >= '0' && c <= '9');
        return number ? Value.Int.of(Long.parseLong(name)) : new Value.Str(name);
    }

    /** A text in lower case, so that its case does not count; others as they are. */
    private static Value folded(Session session, Value value) {
        return value instanceof Value.Str string ? session.made(string.text().toLowerCase(Locale.ROOT)) : value;
    }

    private static UnaryOperator<Value> caseKey(Session session, Arguments arguments) {
        boolean sensitive = arguments.truth("case_sensitive", false);
        return value -> sensitive ? value : folded(session, value);
    }

    private static Value sort(Session session, Value input, Arguments given) {
        Arguments arguments = given.bind("reverse", "case_sensitive", "attribute");
        UnaryOperator<Value> fold = caseKey(session, arguments);
        Optional<List<UnaryOperator<Value>>> parts = arguments.some("attribute").map(paths -> {
            List<Value> each = paths instanceof Value.Str string
                    ? Stream.of(string.text().split(",", -1))
                            .<Value>map(Value.Str::new)
                            .toList()
                    : List.of(paths);
            return each.stream()
                    .map(path -> attribute(session, path, Optional.empty()))
                    .toList();
        });
        Function<Value, Value> key = element -> parts.<Value>map(paths -> Value.Items.of(paths.stream()
                        .map(path -> fold.apply(path.apply(element)))
                        .toList()))
                .orElseGet(() -> fold.apply(element));
        return Value.Items.of(
                sorted(session, Iterables.list(input, session.meter()), key, arguments.truth("reverse", false)));
    }

    private static List<Value> sorted(
            Session session, List<Value> elements, Function<Value, Value> key, boolean reverse) {
        record Keyed(Value key, Value element) {}
        Comparator<Keyed> order = (a, b) -> Comparisons.compare(a.key(), b.key(), session.meter());
        session.meter().make(2L * elements.size());
        return elements.stream()
                .map(element -> new Keyed(key.apply(element), element))
                .sorted(reverse ? order.reversed() : order)
                .map(Keyed::element)
                .toList();
    }

    private static Value sortDictionary(Session session, Value input, Arguments given) {
        Arguments arguments = given.bind("case_sensitive", "by", "reverse");
        if (!(input instanceof Value.Dict dict)) {
            throw wrongType(input, "a dictionary");
        }
        int place = switch (arguments.string("by", "key")) {
            case "key" -> 0;
            case "value" -> 1;
            default -> throw JinjaException.operation("You can only sort by either \"key\" or \"value\"");
        };
        UnaryOperator<Value> fold = caseKey(session, arguments);
        session.meter().make(4L * dict.entries().size());
        return Value.Items.of(sorted(
                session,
                ContainerMethods.pairs(dict),
                pair -> fold.apply(((Value.Tuple) pair).items().get(place)),
                arguments.truth("reverse", false)));
    }

    private static JinjaException wrongType(Value input, String expected) {
        return input instanceof Value.Undefined undefined
                ? undefined.failure()
                : JinjaException.operation(expected + " is needed, not " + PythonText.typeName(input));
    }

    private static Value items(Session session, Value input, Arguments arguments) {
        if (input instanceof Value.Undefined) {
            return generator("items", Stream.empty());
        }
        if (!(input instanceof Value.Dict dict)) {
            throw JinjaException.operation("Can only get item pairs from a mapping.");
        }
        session.meter().make(4L * dict.entries().size());
        return generator("items", ContainerMethods.pairs(dict).stream());
    }

    private static Value reverse(Session session, Value input, Arguments arguments) {
        arguments.bind();
        if (input instanceof Value.Str string) {
            return session.made(new StringBuilder(string.text()).reverse().toString());
        }
        return generator("reversed", Iterables.list(input, session.meter()).reversed().stream());
    }

    private static Value generator(String name, Stream<Value> elements) {
        return new Value.Generator(name, elements.iterator());
    }

    private static Value unique(Session session, Value input, Arguments given) {
        Arguments arguments = given.bind("case_sensitive", "attribute");
        UnaryOperator<Value> attribute = attribute(session, arguments);
        UnaryOperator<Value> fold = caseKey(session, arguments);
        Set<Value> seen = new HashSet<>();
        Predicate<Value> isNew = element -> {
            Value key = Hashing.require(fold.apply(attribute.apply(element)));
            session.meter().make(4 + key.extent().weight());
            return seen.add(key);
        };
        return generator("do_unique", Iterables.stream(input).filter(isNew));
    }

    private static Value extreme(Session session, Value input, Arguments given, int sign) {
        Arguments arguments = given.bind("case_sensitive", "attribute");
        UnaryOperator<Value> attribute = attribute(session, arguments);
        UnaryOperator<Value> fold = caseKey(session, arguments);
        Optional<Value> best = Optional.empty();
        for (Value element : Iterables.list(input, session.meter())) {
            boolean better = best.map(other -> sign
                                    * Comparisons.compare(
                                            fold.apply(attribute.apply(element)),
                                            fold.apply(attribute.apply(other)),
                                            session.meter())
                            > 0)
                    .orElse(true);
            best = better ? Optional.of(element) : best;
        }
        return best.orElseGet(() -> none("No aggregated item, sequence was empty."));
    }

    private static Value sum(Session session, Value input, Arguments given) {
        Arguments arguments = given.bind("attribute", "start");
        UnaryOperator<Value> attribute = attribute(session, arguments);
        Value sum = arguments.find("start").orElse(Value.Int.of(0));
        for (Value element : Iterables.list(input, session.meter())) {
            session.meter().step();
            sum = Arithmetic.apply(Expression.Operator.ADD, sum, attribute.apply(element), session);
        }
        return sum;
    }

    private static Value batch(Session session, Value input, Arguments given) {
        Arguments arguments = given.bind("linecount", "fill_with");
        int size = arguments.integer("linecount");
        if (size < 1) {
            throw JinjaException.operation("batch: linecount must be at least 1");
        }
        List<Value> elements = Iterables.list(input, session.meter());
        List<Value> batches = new ArrayList<>();
        for (int from = 0; from < elements.size(); from += size) {
            List<Value> batch = new ArrayList<>(elements.subList(from, Math.min(elements.size() - from, size) + from));
            session.meter().make(arguments.some("fill_with").isPresent() ? size : batch.size());
            arguments.some("fill_with").ifPresent(fill -> {
                while (batch.size() < size) {
                    batch.add(fill);
                }
            });
            batches.add(Value.Items.of(batch));
            if (elements.size() - from <= size) {
                break; // from + size may overflow
            }
        }
        return generator("do_batch", batches.stream());
    }

    private static Value slice(Session session, Value input, Arguments given) {
        Arguments arguments = given.bind("slices", "fill_with");
        int count = arguments.integer("slices");
        if (count < 1) {
            throw JinjaException.operation("slice: there must be at least 1");
        }
        List<Value> elements = Iterables.list(input, session.meter());
        session.meter().make(4L * count + elements.size());
        int each = elements.size() / count;
        int longer = elements.size() % count;
        List<Value> slices = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < count; i++) {
            int to = from + each + (i < longer ? 1 : 0);
            List<Value> slice = new ArrayList<>(elements.subList(from, to));
            if (i >= longer && longer > 0) {
                arguments.some("fill_with").ifPresent(slice::add);
            }
            slices.add(Value.Items.of(slice));
            from = to;
        }
        return generator("do_slice", slices.stream());
    }

    private static Value groupBy(Session session, Value input, Arguments given) {
        Arguments arguments = given.bind("attribute", "default", "case_sensitive");
        UnaryOperator<Value> attribute = attribute(session, arguments.get("attribute"), arguments.some("default"));
        UnaryOperator<Value> fold = caseKey(session, arguments);
        List<Value> tuples = new ArrayList<>();
        List<Value> elements = sorted(
                session,
                Iterables.list(input, session.meter()),
                element -> fold.apply(attribute.apply(element)),
                false);
        for (int from = 0, to = 0; from < elements.size(); from = to) {
            Value key = fold.apply(attribute.apply(elements.get(from)));
            while (to < elements.size()
                    && Comparisons.equal(fold.apply(attribute.apply(elements.get(to))), key, session.meter())) {
                to++;
            }
            session.meter().make(4L + to - from);
            Value.Tuple group = Value.Tuple.of(
                    attribute.apply(elements.get(from)), Value.Items.of(List.copyOf(elements.subList(from, to))));
            tuples.add(new Value.Tuple(group.items(), List.of("grouper", "list"), group.extent()));
        }
        return Value.Items.of(tuples);
    }

    /** What map and select walk through; anything that is false, such as {@code none}, has no elements here. */
    private static Stream<Value> elements(Value input) {
        return Truth.of(input) ? Iterables.stream(input) : Stream.empty();
    }

    private static Value map(Session session, Value input, Arguments given) {
        UnaryOperator<Value> function;
        if (given.positional().isEmpty()) {
            Arguments arguments = given.bind("attribute", "default");
            function = attribute(session, arguments.get("attribute"), arguments.find("default"));
        } else {
            String name = name(given);
            Arguments rest = given.rest().under(name);
            function = element -> {
                session.meter().step();
                return session.filter(name, element, rest);
            };
        }
        return generator("sync_do_map", elements(input).map(function));
    }

    private static String name(Arguments arguments) {
        if (arguments.positional().getFirst() instanceof Value.Str name) {
            return name.text();
        }
        throw JinjaException.operation(arguments.function() + " needs a name as its first argument");
    }

    private static Value select(Session session, Value input, Arguments given, boolean ofAttribute, boolean keep) {
        UnaryOperator<Value> subject = element -> element;
        Arguments arguments = given;
        if (ofAttribute) {
            if (given.positional().isEmpty()) {
                throw JinjaException.operation("Missing parameter for attribute name");
            }
            subject = attribute(session, given.positional().getFirst(), Optional.empty());
            arguments = given.rest();
        }
        Predicate<Value> test = Truth::of;
        if (!arguments.positional().isEmpty()) {
            String name = name(arguments);
            Arguments rest = arguments.rest().under(name);
            test = value -> session.test(name, value, rest);
        }
        UnaryOperator<Value> of = subject;
        Predicate<Value> chosen = test;
        return generator("select_or_reject", elements(input).filter(element -> {
            session.meter().step();
            return chosen.test(of.apply(element)) == keep;
        }));
    }
}
