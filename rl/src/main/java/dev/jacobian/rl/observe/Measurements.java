// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.observe;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Collects the metrics of one step, under TRL's names where there are any, and what a person should be told. */
public final class Measurements {
    private final Map<String, Double> values = new LinkedHashMap<>();
    private final List<String> messages = new ArrayList<>();

    /** Sets a metric. */
    public void put(String name, double value) {
        values.put(name, value);
    }

    /** Adds to a metric. */
    public void add(String name, double value) {
        values.merge(name, value, Double::sum);
    }

    /** Makes a metric at least so large. */
    public void atLeast(String name, double value) {
        values.merge(name, value, Math::max);
    }

    /** Tells the person who watches. */
    public void say(String message) {
        messages.add(message);
    }

    public Map<String, Double> values() {
        return values;
    }

    public List<String> messages() {
        return messages;
    }
}
