// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A JSON schema as rules of a grammar: one for each subschema, called wherever its value stands, so that schemas may refer to
 * themselves. Subschemas that say the same of a string, a number or an enumeration share one: of many properties most do.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>What is written always satisfies the schema; not everything that satisfies it can be written. The properties of an
 *       object come in the order of the schema. An object with {@code properties} has no others, and an array with {@code
 *       prefixItems} no elements behind them, unless {@code additionalProperties} or {@code items} asks for them: strict structured
 *       outputs of OpenAI and Outlines have it so too, because a model that may add anything does.
 *   <li>A keyword that would restrict values and is not understood is an error that names it and its place. Those that only
 *       describe are skipped.
 *   <li>{@code oneOf} means exactly one, which an automaton cannot count. It is taken as {@code anyOf} where no value can satisfy two of its
 *       schemas ({@link Disjoint}), and is an error elsewhere.
 *   <li>Repeated names among additional properties are possible: to exclude them a grammar would have to remember all.
 * </ul>
 */
final class SchemaCompiler {
    private final ProgramBuilder out;
    private final JsonNode root;
    private final String where;
    private final JsonStrings strings;
    private final JsonValues values;
    private final Map<String, Integer> rules = new HashMap<>(); // by place
    private final Map<JsonNode, Integer> alike = new HashMap<>(); // of schemas without others in them, by what they say
    private final Deque<Pending> open = new ArrayDeque<>();

    /** A rule whose schema is still to be written. */
    private record Pending(int rule, Schema schema) {}

    SchemaCompiler(ProgramBuilder out, JsonNode root, JsonLayout layout, String where) {
        this.out = out;
        this.root = root;
        this.where = where;
        this.strings = new JsonStrings(out);
        this.values = new JsonValues(out, strings, layout, this::call);
    }

    /** Writes a value of the schema with {@code next} behind it. */
    int write(int next) {
        int start = call(new Schema(root, "#", where), next);
        while (!open.isEmpty()) {
            Pending pending = open.pop();
            out.at(pending.schema().place());
            out.define(pending.rule(), value(pending.schema()));
        }
        return start;
    }

    /** A value of a subschema, as a call of its rule. */
    private int call(Schema schema, int next) {
        Schema meant = schema.resolved(root);
        Integer rule = rules.get(meant.pointer());
        if (rule == null) {
            rule = Keywords.meaning(meant)
                    .map(meaning -> alike.computeIfAbsent(meaning, one -> begin(meant)))
                    .orElseGet(() -> begin(meant));
            rules.put(meant.pointer(), rule);
        }
        return out.call(rule, next);
    }

    private int begin(Schema schema) {
        int rule = out.rule("the schema at " + schema.pointer());
        open.push(new Pending(rule, schema));
        return rule;
    }

    private int value(Schema schema) {
        int end = out.end();
        if (schema.node().isBoolean()) {
            if (!schema.node().booleanValue()) {
                throw schema.error("the schema 'false' allows nothing", "Leave the property or the element out");
            }
            return values.anything(end);
        }
        Keywords.require(schema);
        if (schema.has("enum") || schema.has("const")) {
            return out.words(enumerated(schema), end);
        }
        for (String combination : List.of("anyOf", "oneOf", "allOf")) {
            if (schema.has(combination)) {
                return combined(schema, combination);
            }
        }
        Set<String> types = schema.types();
        if (types.isEmpty()) {
            return values.anything(end);
        }
        List<Integer> ways = new ArrayList<>();
        for (String type : types) {
            ways.add(typed(schema, type, end));
        }
        return out.split(ways);
    }

    private int typed(Schema schema, String type, int end) {
        return switch (type) {
            case "null" -> out.text("null", end);
            case "boolean" -> out.words(List.of("true", "false"), end);
            case "integer", "number" -> values.number(schema, type.equals("integer"), end);
            case "string" -> StringSchema.write(schema, out, strings, end);
            case "array" -> values.array(schema, end);
            default -> values.object(schema, end);
        };
    }

    private List<String> enumerated(Schema schema) {
        Set<String> texts = new LinkedHashSet<>();
        for (JsonNode value : schema.enumerated()) {
            texts.add(Json.compact(value));
        }
        if (texts.isEmpty()) {
            throw schema.error(
                    "no value of 'enum' or 'const' has the type that 'type' asks for", "Correct one of them");
        }
        return List.copyOf(texts);
    }

    private int combined(Schema schema, String combination) {
        List<Schema> parts = schema.list(combination);
        if (combination.equals("allOf") && parts.size() > 1) {
            throw schema.error("'allOf' of several schemas is not supported", "Write their keywords into one schema");
        }
        if (combination.equals("oneOf")) {
            Disjoint.require(
                    schema, parts.stream().map(part -> part.resolved(root)).toList());
        }
        List<Integer> ways = new ArrayList<>();
        for (Schema part : parts) {
            ways.add(call(part, out.end()));
        }
        if (schema.nullable()) {
            ways.add(out.text("null", out.end()));
        }
        return out.split(ways);
    }
}
