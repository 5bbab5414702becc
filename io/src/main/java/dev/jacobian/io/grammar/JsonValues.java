// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.grammar.NumberRanges.Bound;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntUnaryOperator;

/** Writes objects, arrays and numbers of JSON, and values of any kind. */
final class JsonValues {
    private final ProgramBuilder out;
    private final JsonStrings strings;
    private final Regex whitespace;
    private final Values values;
    private final Map<List<Object>, Integer> numbers = new HashMap<>(); // rules by type and bounds
    private int anything = -1;

    /** Writes a value of a subschema with {@code next} behind it. */
    @FunctionalInterface
    interface Values {
        int write(Schema schema, int next);
    }

    JsonValues(ProgramBuilder out, JsonStrings strings, JsonLayout layout, Values values) {
        this.out = out;
        this.strings = strings;
        this.whitespace = layout.regex();
        this.values = values;
    }

    private int blank(int next) {
        return whitespace.write(out, ProgramBuilder.UTF8, next);
    }

    // Any value

    /** A value of any kind. */
    int anything(int next) {
        if (anything < 0) {
            anything = out.rule("a value of any kind");
            int end = out.end();
            out.define(
                    anything,
                    out.split(List.of(
                            out.words(List.of("null", "true", "false"), end),
                            NumberRanges.ANY_NUMBER.write(out, ProgramBuilder.UTF8, end),
                            strings.any(0, Regex.UNLIMITED, end),
                            anyObject(end),
                            array(List.of(), this::anything, 0, Regex.UNLIMITED, end))));
        }
        return out.call(anything, next);
    }

    /** An object of any properties. */
    int anyObject(int next) {
        int property = out.rule("a property of any kind");
        out.define(property, strings.any(0, Regex.UNLIMITED, blank(out.text(":", blank(anything(out.end()))))));
        return separated('{', '}', List.of(), behind -> out.call(property, behind), 0, Regex.UNLIMITED, next);
    }

    // Arrays

    int array(Schema schema, int next) {
        int least = schema.count("minItems", 0);
        int most = schema.count("maxItems", Regex.UNLIMITED);
        List<IntUnaryOperator> first = new ArrayList<>();
        if (schema.has("prefixItems")) {
            schema.list("prefixItems").forEach(item -> first.add(behind -> values.write(item, behind)));
        }
        JsonNode items = schema.node().get("items");
        boolean open = items == null ? first.isEmpty() : !items.isBoolean() || items.booleanValue();
        if (!open) {
            most = most == Regex.UNLIMITED ? first.size() : Math.min(most, first.size());
        }
        if (most != Regex.UNLIMITED && least > most) {
            throw schema.error("'minItems' asks for more elements than there may be", "Correct it, or add 'items'");
        }
        IntUnaryOperator item = items == null || items.isBoolean()
                ? this::anything
                : behind -> values.write(schema.child("items"), behind);
        return array(first, item, least, most, next);
    }

    private int array(List<IntUnaryOperator> first, IntUnaryOperator item, int least, int most, int next) {
        return separated('[', ']', first, item, least, most, next);
    }

    /** Elements between brackets with commas between them: some in the order of a list, then others. */
    private int separated(
            char opening,
            char closing,
            List<IntUnaryOperator> first,
            IntUnaryOperator others,
            int least,
            int most,
            int next) {
        int close = out.text(String.valueOf(closing), next);
        int counted = most == Regex.UNLIMITED ? Math.max(1, Math.max(least, first.size())) : most;
        // behind(k): k elements are there; from the last that is counted back to the first
        int behind;
        if (most == Regex.UNLIMITED) {
            behind = blank(out.loop(again -> comma(others.applyAsInt(blank(again))), close));
        } else {
            behind = blank(close);
        }
        for (int k = counted - 1; k >= 1; k--) {
            IntUnaryOperator element = k < first.size() ? first.get(k) : others;
            int more = comma(element.applyAsInt(behind));
            behind = blank(k >= least ? out.split(close, more) : more);
        }
        int start = close;
        if (counted > 0) {
            int one = (first.isEmpty() ? others : first.getFirst()).applyAsInt(behind);
            start = least == 0 ? out.split(close, one) : one;
        }
        return out.text(String.valueOf(opening), blank(start));
    }

    private int comma(int next) {
        return out.text(",", blank(next));
    }

    // Objects

    int object(Schema schema, int next) {
        Map<String, Property> properties = properties(schema);
        int close = out.text("}", next);
        int started = close; // a property is there already, and those behind the last are to be decided
        int fresh = close; // none is there yet
        if (additional(schema)) {
            int extra = extraProperty(schema, properties);
            started = out.loop(again -> comma(out.call(extra, blank(again))), close);
            fresh = out.split(close, out.call(extra, blank(started)));
        }
        for (Property property : List.copyOf(properties.values()).reversed()) {
            out.step();
            int value = named(property, blank(started));
            int more = comma(value);
            fresh = property.required() ? value : out.split(value, fresh);
            started = property.required() ? more : out.split(more, started);
        }
        return out.text("{", blank(fresh));
    }

    /**
     * A property of an object.
     *
     * @param value writes its value
     */
    private record Property(String name, IntUnaryOperator value, boolean required) {}

    private int named(Property property, int next) {
        int value = property.value().applyAsInt(next);
        return out.text(JsonStrings.quoted(property.name()), blank(out.text(":", blank(value))));
    }

    private Map<String, Property> properties(Schema schema) {
        List<String> required = new ArrayList<>();
        JsonNode names = schema.node().path("required");
        if (!names.isMissingNode() && !names.isArray()) {
            throw schema.error("'required' must be a list of names", "Correct it");
        }
        for (JsonNode name : names) {
            if (!name.isTextual()) {
                throw schema.error("'required' must be a list of names", "Correct it");
            }
            required.add(name.textValue());
        }
        JsonNode declared = schema.node().path("properties");
        if (!declared.isMissingNode() && !declared.isObject()) {
            throw schema.error("'properties' must be an object", "Correct it");
        }
        Map<String, Property> properties = new LinkedHashMap<>();
        java.util.Set<String> needed = new java.util.HashSet<>(required);
        declared.fieldNames().forEachRemaining(name -> {
            Schema value = schema.child("properties", name);
            properties.put(name, new Property(name, behind -> values.write(value, behind), needed.contains(name)));
        });
        for (String name : required) {
            if (!properties.containsKey(name)) {
                if (!additional(schema)) {
                    throw schema.error(
                            "'required' has '" + name + "', which is not among 'properties'",
                            "Add it there, or set 'additionalProperties' to true");
                }
                properties.put(name, new Property(name, behind -> additionalValue(schema, behind), true));
            }
        }
        return properties;
    }

    private static boolean additional(Schema schema) {
        JsonNode additional = schema.node().get("additionalProperties");
        return additional == null ? !schema.has("properties") : !additional.isBoolean() || additional.booleanValue();
    }

    private int additionalValue(Schema schema, int next) {
        return schema.has("additionalProperties")
                ? values.write(schema.child("additionalProperties"), next)
                : anything(next);
    }

    /** The rule of a property whose name is none of the declared ones. */
    private int extraProperty(Schema schema, Map<String, Property> declared) {
        int rule = out.rule("an additional property");
        int value = additionalValue(schema, out.end());
        int behind = blank(out.text(":", blank(value)));
        out.define(rule, OtherNames.write(out, declared.keySet(), behind));
        return rule;
    }

    // Numbers

    int number(Schema schema, boolean integer, int next) {
        Bound low = schema.bound("minimum", "exclusiveMinimum", 1);
        Bound high = schema.bound("maximum", "exclusiveMaximum", -1);
        Regex regex = integer ? NumberRanges.integers(low, high) : NumberRanges.numbers(low, high);
        if (regex == null) {
            throw schema.error("no " + (integer ? "integer" : "number") + " lies within the bounds", "Correct them");
        }
        int rule = numbers.computeIfAbsent(Arrays.asList(integer, low, high), key -> {
            int made = out.rule("a number");
            out.define(made, regex.write(out, ProgramBuilder.UTF8, out.end()));
            return made;
        });
        return out.call(rule, next);
    }
}
