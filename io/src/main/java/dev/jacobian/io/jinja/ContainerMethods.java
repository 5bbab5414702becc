// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import dev.jacobian.tensor.Nullable;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The methods of lists, tuples and dictionaries that change nothing, and the attributes of numbers. */
final class ContainerMethods {
    private ContainerMethods() {}

    static @Nullable Value find(Value.Sequence sequence, String name) {
        if (sequence instanceof Value.Tuple tuple && tuple.names().contains(name)) {
            return tuple.items().get(tuple.names().indexOf(name));
        }
        return switch (name) {
            case "count" ->
                new Value.Function(name, (session, arguments) -> {
                    Value wanted = arguments.under(name).bind("value").get("value");
                    long count = 0;
                    for (Value item : sequence.items()) {
                        count += Comparisons.equal(item, wanted, session.meter()) ? 1 : 0;
                    }
                    return Value.Int.of(count);
                });
            case "index" ->
                new Value.Function(name, (session, arguments) -> {
                    Value wanted = arguments.under(name).bind("value").get("value");
                    for (int i = 0; i < sequence.items().size(); i++) {
                        if (Comparisons.equal(sequence.items().get(i), wanted, session.meter())) {
                            return Value.Int.of(i);
                        }
                    }
                    throw JinjaException.operation(PythonText.typeName(sequence) + ".index(x): x not in list");
                });
            case "copy" ->
                sequence instanceof Value.Items list ? new Value.Function(name, (session, arguments) -> list) : null;
            default -> null;
        };
    }

    static @Nullable Value find(Value.Dict dict, String name) {
        return switch (name) {
            case "get" ->
                new Value.Function(name, (session, given) -> {
                    Arguments arguments = given.under(name).bind("key", "default");
                    Value key = Hashing.require(arguments.get("key"));
                    session.meter().read(key.extent().weight());
                    Value found = dict.entries().get(key);
                    return found != null ? found : arguments.find("default").orElse(Value.None.NONE);
                });
            case "items" -> view(dict, Value.View.Kind.ITEMS);
            case "keys" -> view(dict, Value.View.Kind.KEYS);
            case "values" -> view(dict, Value.View.Kind.VALUES);
            case "copy" -> new Value.Function(name, (session, arguments) -> dict);
            case "fromkeys" ->
                new Value.Function(name, (session, given) -> {
                    Arguments arguments = given.under(name).bind("iterable", "value");
                    Map<Value, Value> entries = new LinkedHashMap<>();
                    for (Value key : Iterables.list(arguments.get("iterable"), session.meter())) {
                        entries.put(
                                Hashing.require(key), arguments.find("value").orElse(Value.None.NONE));
                    }
                    session.meter().make(8L * entries.size());
                    return Value.Dict.of(entries);
                });
            default -> null;
        };
    }

    private static Value view(Value.Dict dict, Value.View.Kind kind) {
        return new Value.Function("view", (session, arguments) -> {
            arguments.bind();
            session.meter()
                    .make((kind == Value.View.Kind.ITEMS ? 4L : 1L)
                            * dict.entries().size());
            return Value.View.of(
                    kind,
                    switch (kind) {
                        case KEYS -> new ArrayList<>(dict.entries().keySet());
                        case VALUES -> new ArrayList<>(dict.entries().values());
                        case ITEMS -> pairs(dict);
                    });
        });
    }

    /** Keys and values as tuples of two. */
    static List<Value> pairs(Value.Dict dict) {
        List<Value> pairs = new ArrayList<>(dict.entries().size());
        dict.entries().forEach((key, value) -> pairs.add(Value.Tuple.of(key, value)));
        return pairs;
    }

    static @Nullable Value find(Value.Numeric number, String name) {
        return switch (name) {
            case "real" -> number.isInteger() ? new Value.Int(number.integer()) : number;
            case "imag" -> number.isInteger() ? Value.Int.of(0) : new Value.Real(0);
            case "numerator" -> number.isInteger() ? new Value.Int(number.integer()) : null;
            case "denominator" -> number.isInteger() ? new Value.Int(BigInteger.ONE) : null;
            case "bit_length" ->
                number.isInteger()
                        ? new Value.Function(
                                name,
                                (session, arguments) ->
                                        Value.Int.of(number.integer().abs().bitLength()))
                        : null;
            case "is_integer" ->
                new Value.Function(
                        name,
                        (session, arguments) ->
                                Value.Bool.of(number.isInteger() || number.real() == Math.rint(number.real())));
            default -> null;
        };
    }
}
