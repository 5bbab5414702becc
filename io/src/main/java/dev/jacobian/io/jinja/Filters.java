// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import java.util.LinkedHashMap;
import java.util.Map;

/** Jinja's filters by name: those of {@link TextFilters}, {@link SequenceFilters} and {@link NumberFilters}. */
final class Filters {
    /** A filter. */
    @FunctionalInterface
    interface Filter {
        Value apply(Session session, Value input, Arguments arguments);
    }

    static final Map<String, Filter> ALL = all();

    private Filters() {}

    private static Map<String, Filter> all() {
        Map<String, Filter> all = new LinkedHashMap<>();
        all.putAll(TextFilters.ALL);
        all.putAll(SequenceFilters.ALL);
        all.putAll(NumberFilters.ALL);
        all.put("default", Filters::orElse);
        all.put("d", Filters::orElse);
        all.put("attr", (session, input, arguments) -> {
            String name = arguments.bind("name").string("name");
            Value own = Attributes.own(input, name);
            return own != null ? own : new Value.Undefined("no attribute " + PythonText.repr(name), false);
        });
        all.put("tojson", (session, input, arguments) -> new Value.Str(JsonText.of(session, input, arguments)));
        return Map.copyOf(all);
    }

    private static Value orElse(Session session, Value input, Arguments given) {
        Arguments arguments = given.bind("default_value", "boolean");
        boolean replaced = input instanceof Value.Undefined || arguments.truth("boolean", false) && !Truth.of(input);
        return replaced ? arguments.find("default_value").orElse(Value.Str.EMPTY) : input;
    }

    /** A dictionary as keywords. */
    static Map<String, Value> stringKeys(Value value) {
        if (!(value instanceof Value.Dict dict)) {
            throw JinjaException.operation("a mapping is needed, not " + PythonText.typeName(value));
        }
        Map<String, Value> named = new LinkedHashMap<>();
        dict.entries().forEach((key, element) -> {
            if (!(key instanceof Value.Str name)) {
                throw JinjaException.operation("keywords must be strings");
            }
            named.put(name.text(), element);
        });
        return named;
    }
}
