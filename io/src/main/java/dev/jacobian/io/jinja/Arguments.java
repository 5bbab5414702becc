// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a function, filter or test is called with.
 *
 * @param function its name, for messages
 * @param positional without keywords
 * @param named with keywords
 */
record Arguments(String function, List<Value> positional, Map<String, Value> named) {
    static Arguments of(String function, Value... positional) {
        return new Arguments(function, List.of(positional), Map.of());
    }

    /** The arguments under the names of the parameters; more, or others, are an error. */
    Arguments bind(String... parameters) {
        if (positional.size() > parameters.length) {
            throw JinjaException.operation(
                    function + " takes at most " + parameters.length + " arguments, got " + positional.size());
        }
        Map<String, Value> bound = new LinkedHashMap<>();
        for (int i = 0; i < positional.size(); i++) {
            bound.put(parameters[i], positional.get(i));
        }
        List<String> known = List.of(parameters);
        named.forEach((name, value) -> {
            if (!known.contains(name) || bound.containsKey(name)) {
                throw JinjaException.operation(function
                        + (bound.containsKey(name)
                                ? " got multiple values for argument '"
                                : " got an unexpected keyword argument '")
                        + name + "'");
            }
            bound.put(name, value);
        });
        return new Arguments(function, List.of(), bound);
    }

    /** Without the first positional argument. */
    Arguments rest() {
        return new Arguments(function, positional.subList(1, positional.size()), named);
    }

    /** The same for a function of another name. */
    Arguments under(String other) {
        return new Arguments(other, positional, named);
    }

    /** The same with another argument in front. */
    Arguments after(Value first) {
        List<Value> all = new ArrayList<>(List.of(first));
        all.addAll(positional);
        return new Arguments(function, all, named);
    }

    /** An argument that was bound, if it was given. */
    Optional<Value> find(String name) {
        return Optional.ofNullable(named.get(name));
    }

    /** An argument that was given and is not {@code none}. */
    Optional<Value> some(String name) {
        return find(name).filter(value -> value != Value.None.NONE);
    }

    Value get(String name) {
        return find(name).orElseThrow(() -> JinjaException.operation(function + " lacks the argument '" + name + "'"));
    }

    /** A text. */
    String string(String name) {
        if (get(name) instanceof Value.Str string) {
            return string.text();
        }
        throw wrongType(name, "a string");
    }

    String string(String name, String fallback) {
        return some(name).isEmpty() ? fallback : string(name);
    }

    /** A whole number, cut to the range of int: indices and counts beyond it mean the same as its ends. */
    int integer(String name) {
        if (get(name) instanceof Value.Numeric number && number.isInteger()) {
            return clamped(number.integer());
        }
        throw wrongType(name, "an integer");
    }

    int integer(String name, int fallback) {
        return some(name).isEmpty() ? fallback : integer(name);
    }

    boolean truth(String name, boolean fallback) {
        return find(name).map(Truth::of).orElse(fallback);
    }

    static int clamped(BigInteger value) {
        return value.bitLength() < Integer.SIZE
                ? value.intValue()
                : value.signum() < 0 ? -Integer.MAX_VALUE : Integer.MAX_VALUE;
    }

    private JinjaException wrongType(String name, String expected) {
        Value value = get(name);
        return value instanceof Value.Undefined undefined
                ? undefined.failure()
                : JinjaException.operation(
                        function + ": '" + name + "' must be " + expected + ", not " + PythonText.typeName(value));
    }
}
