// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import static dev.jacobian.rl.config.Checks.require;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A setting that is itself some settings, of whatever another setting chose: {@code lr_scheduler_kwargs}, {@code optim_args}. In JSON
 * an object, a string such as {@code momentum=0.9, nesterov=true}, or null.
 *
 * @param values by name: a {@link Double}, a {@link Boolean} or a {@link String} each
 */
public record Arguments(Map<String, Object> values) {
    /** None. */
    public static final Arguments NONE = new Arguments(Map.of());

    public Arguments {
        values = Map.copyOf(values);
    }

    /** A number, or what holds without it. */
    public double number(String key, String name, double fallback) {
        Object value = values.getOrDefault(name, fallback);
        require(value instanceof Double, key + ": " + name + " must be a number, got " + value);
        return (Double) value;
    }

    /** A truth value, or what holds without it. */
    public boolean truth(String key, String name, boolean fallback) {
        Object value = values.getOrDefault(name, fallback);
        if (value instanceof String text && text.matches("(?i)true|false")) {
            return Boolean.parseBoolean(text); // as Python writes it
        }
        require(value instanceof Boolean, key + ": " + name + " must be true or false, got " + value);
        return (Boolean) value;
    }

    /** Refuses names that mean nothing here. */
    public void requireOnly(String key, String chosen, List<String> names) {
        for (String name : new TreeMap<>(values).keySet()) {
            require(
                    names.contains(name),
                    key + ": " + chosen + " takes no '" + name + "'"
                            + (names.isEmpty() ? "" : "; it takes " + String.join(", ", names)));
        }
    }

    @Override
    public String toString() {
        return new TreeMap<>(values).toString();
    }
}
