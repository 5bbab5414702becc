// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.merge;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** The value of a parameter, which may differ from tensor to tensor. */
public sealed interface MergeValue {
    /**
     * The number for a tensor; empty where the value says nothing of it, and then the next place to look has the word.
     *
     * @param tensor its name
     * @param depth 0 in the first layer to 1 in the last, 0 outside of layers
     */
    OptionalDouble at(String tensor, double depth);

    /** One number for all; of a switch 1 or 0. */
    record Constant(double value) implements MergeValue {
        @Override
        public OptionalDouble at(String tensor, double depth) {
            return OptionalDouble.of(value);
        }
    }

    /** Numbers at equal distances from the first layer to the last, and lines between them. */
    record Gradient(List<Double> points) implements MergeValue {
        public Gradient {
            points = List.copyOf(points);
        }

        @Override
        public OptionalDouble at(String tensor, double depth) {
            double place = depth * (points.size() - 1);
            int below = Math.min((int) place, points.size() - 1);
            int above = Math.min(below + 1, points.size() - 1);
            double between = place - below;
            return OptionalDouble.of((1 - between) * points.get(below) + between * points.get(above));
        }
    }

    /** The first of some values whose filter is a part of the tensor's name. */
    record ByName(List<Entry> entries) implements MergeValue {
        /** A value for some tensors. */
        public record Entry(Optional<String> filter, MergeValue value) {
            boolean matches(String tensor) {
                return filter.isEmpty() || filter.get().equals("*") || tensor.contains(filter.get());
            }
        }

        public ByName {
            entries = List.copyOf(entries);
        }

        @Override
        public OptionalDouble at(String tensor, double depth) {
            for (Entry entry : entries) {
                if (entry.matches(tensor)) {
                    return entry.value().at(tensor, depth);
                }
            }
            return OptionalDouble.empty();
        }
    }

    /** This one, and another for the tensors of which it says nothing. */
    default MergeValue orElse(MergeValue other) {
        if (!(this instanceof ByName own)) {
            return this;
        }
        List<ByName.Entry> entries = new ArrayList<>(own.entries());
        if (other instanceof ByName more) {
            entries.addAll(more.entries());
        } else {
            entries.add(new ByName.Entry(Optional.empty(), other));
        }
        return new ByName(entries);
    }

    /** The same number everywhere. */
    static MergeValue of(double value) {
        return new Constant(value);
    }

    /**
     * Reads a value.
     *
     * @param where file and key, for messages
     * @throws FormatException if it is no number, switch, list of numbers, or list of filters with values
     */
    static MergeValue parse(JsonNode json, String where) {
        if (json.isArray() && !json.isEmpty()) {
            return json.get(0).isObject() ? byName(json, where) : gradient(json, where);
        }
        return new Constant(number(json, where));
    }

    private static MergeValue gradient(JsonNode json, String where) {
        List<Double> points = new ArrayList<>();
        json.forEach(point -> points.add(number(point, where)));
        return new Gradient(points);
    }

    private static MergeValue byName(JsonNode json, String where) {
        List<ByName.Entry> entries = new ArrayList<>();
        for (JsonNode entry : json) {
            if (!entry.isObject()) {
                throw new FormatException(
                        where,
                        "an entry is " + Json.excerpt(entry) + ", no mapping",
                        "Write {value: " + Json.excerpt(entry) + "} for all tensors that no filter names");
            }
            entry.fieldNames().forEachRemaining(key -> {
                if (!key.equals("filter") && !key.equals("value")) {
                    throw new FormatException(
                            where, "an entry has the key '" + key + "'", "An entry has a value and may have a filter");
                }
            });
            JsonNode value = entry.path("value");
            if (value.isMissingNode() || value.isArray() && value.path(0).isObject()) {
                throw new FormatException(
                        where,
                        "an entry has no number or list of numbers as its value",
                        "Write - {filter: self_attn, value: 0.5}, and last one without a filter for all other tensors");
            }
            Optional<String> filter =
                    entry.hasNonNull("filter") ? Optional.of(entry.get("filter").asText()) : Optional.empty();
            entries.add(new ByName.Entry(filter, parse(value, where)));
        }
        return new ByName(entries);
    }

    private static double number(JsonNode json, String where) {
        if (json.isBoolean()) {
            return json.booleanValue() ? 1 : 0;
        }
        if (json.isNumber() && Double.isFinite(json.doubleValue())) {
            return json.doubleValue();
        }
        throw new FormatException(
                where,
                Json.excerpt(json) + " is no number",
                "Give a number, true or false, a list of numbers (first layer to last), or a list of filters and"
                        + " values");
    }
}
