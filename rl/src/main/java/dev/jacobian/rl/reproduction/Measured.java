// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What one seed of an experiment gave.
 *
 * @param figures numbers by name; those that the claim's rule looks at, and others worth knowing
 * @param curves for the claim's chart, by the name of what was done
 */
public record Measured(Map<String, Double> figures, Map<String, Curve> curves) {
    /**
     * Points, from left to right.
     *
     * @param x where
     * @param y what was measured there; NaN for nothing
     */
    public record Curve(double[] x, double[] y) {
        /** @throws IllegalArgumentException if lengths differ */
        public Curve {
            if (x.length != y.length) {
                throw new IllegalArgumentException(x.length + " places and " + y.length + " values make no curve");
            }
        }
    }

    public Measured {
        figures = Collections.unmodifiableMap(new LinkedHashMap<>(figures));
        curves = Collections.unmodifiableMap(new LinkedHashMap<>(curves));
    }

    /** Begins an empty one. */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects figures and curves in the order in which reports show them. */
    public static final class Builder {
        private static final int POINTS = 60;

        private final Map<String, Double> figures = new LinkedHashMap<>();
        private final Map<String, Curve> curves = new LinkedHashMap<>();

        private Builder() {}

        /** Adds a number. */
        public Builder figure(String name, double value) {
            figures.put(name, value);
            return this;
        }

        /** Adds a curve, to four digits and in {@value #POINTS} points at most: curves are for looking at, and files of results are to stay small. */
        public Builder curve(String name, double[] x, double[] y) {
            Curve whole = new Curve(x, y);
            int together = 1 + (x.length - 1) / POINTS;
            curves.put(name, new Curve(means(whole.x, together), means(whole.y, together)));
            return this;
        }

        private static double[] means(double[] values, int together) {
            double[] means = new double[(values.length + together - 1) / together];
            Arrays.setAll(
                    means,
                    i -> rounded(Arrays.stream(values)
                            .skip((long) i * together)
                            .limit(together)
                            .average()
                            .orElseThrow()));
            return means;
        }

        private static double rounded(double value) {
            return Double.isFinite(value)
                    ? new BigDecimal(value).round(new MathContext(4)).doubleValue()
                    : value;
        }

        /** What was collected. */
        public Measured build() {
            return new Measured(figures, curves);
        }
    }

    ObjectNode toJson() {
        ObjectNode json = Json.object();
        ObjectNode numbers = json.putObject("figures");
        figures.forEach((name, value) -> put(numbers, name, value));
        ObjectNode lines = json.putObject("curves");
        curves.forEach((name, curve) -> {
            ObjectNode line = lines.putObject(name);
            fill(line.putArray("x"), curve.x);
            fill(line.putArray("y"), curve.y);
        });
        return json;
    }

    private static void put(ObjectNode json, String name, double value) {
        if (Double.isFinite(value)) {
            json.put(name, value);
        } else {
            json.putNull(name);
        }
    }

    private static void fill(ArrayNode array, double[] values) {
        for (double value : values) {
            if (Double.isFinite(value)) {
                array.add(value);
            } else {
                array.addNull();
            }
        }
    }

    static Measured read(JsonNode json, String where) {
        Builder read = builder();
        json.path("figures")
                .properties()
                .forEach(entry -> read.figure(entry.getKey(), number(entry.getValue(), where)));
        json.path("curves").properties().forEach(entry -> {
            double[] x = numbers(entry.getValue().path("x"), where);
            double[] y = numbers(entry.getValue().path("y"), where);
            if (x.length != y.length) {
                throw broken(
                        where,
                        "curve '" + entry.getKey() + "' has " + x.length + " places and " + y.length + " values");
            }
            read.curve(entry.getKey(), x, y);
        });
        return read.build();
    }

    private static double[] numbers(JsonNode array, String where) {
        double[] values = new double[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = number(array.get(i), where);
        }
        return values;
    }

    private static double number(JsonNode node, String where) {
        if (!node.isNumber() && !node.isNull()) {
            throw broken(where, "a figure is " + Json.excerpt(node));
        }
        return node.isNull() ? Double.NaN : node.doubleValue();
    }

    private static FormatException broken(String where, String what) {
        return new FormatException(where, what, "Delete the file, so that it is measured again");
    }
}
