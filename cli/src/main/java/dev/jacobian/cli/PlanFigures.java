// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.jacobian.io.Json;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Numbers that a plan goes by, each with where it comes from: an option, a run, a measurement, an assumption. */
final class PlanFigures {
    private final List<Figure> all = new ArrayList<>();

    /**
     * A number.
     *
     * @param name the option that sets it, without dashes
     * @param value as it is shown
     * @param source where it comes from
     */
    record Figure(String name, String value, String source) {}

    /** A number from somewhere else than its option. */
    record Sourced<T>(T value, String source) {}

    /** Notes a number and hands it on: what was given, else the first that is known, which the last must be. */
    @SafeVarargs
    @SuppressWarnings("varargs") // the array is read and kept nowhere
    final <T> T choose(String name, Optional<T> given, Optional<Sourced<T>>... others) {
        Sourced<T> chosen = given.map(value -> new Sourced<>(value, "--" + name))
                .or(() -> Arrays.stream(others).flatMap(Optional::stream).findFirst())
                .orElseThrow();
        note(name, shown(chosen.value), chosen.source);
        return chosen.value;
    }

    /** Notes a number. */
    void note(String name, String value, String source) {
        all.add(new Figure(name, value, source));
    }

    /** A known number. */
    static <T> Optional<Sourced<T>> from(T value, String source) {
        return Optional.of(new Sourced<>(value, source));
    }

    private static String shown(Object value) {
        return value instanceof Double number ? number(number) : String.valueOf(value);
    }

    /** Four digits, without an exponent; whole numbers whole. */
    static String number(double value) {
        if (!Double.isFinite(value) || value == Math.rint(value)) {
            return Double.isFinite(value) ? new BigDecimal(value).toPlainString() : Double.toString(value);
        }
        return new BigDecimal(value)
                .round(new MathContext(4))
                .stripTrailingZeros()
                .toPlainString();
    }

    List<Figure> all() {
        return List.copyOf(all);
    }

    ArrayNode toJson() {
        ArrayNode list = Json.object().putArray("inputs");
        all.forEach(figure -> list.addObject()
                .put("name", figure.name)
                .put("value", figure.value)
                .put("source", figure.source));
        return list;
    }
}
