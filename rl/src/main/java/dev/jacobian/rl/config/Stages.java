// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import java.util.Collections;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * A setting that takes one whole number after another in the course of a run. In JSON an object ({@code {"0": 64, "200": 128}}), a string
 * ({@code 0=64,200=128}), or null for none.
 *
 * @param values what holds from when on: values by the number of steps that have been made
 */
public record Stages(NavigableMap<Integer, Integer> values) {
    /** None. */
    public static final Stages NONE = new Stages(new TreeMap<>());

    public Stages {
        values = Collections.unmodifiableNavigableMap(new TreeMap<>(values));
    }

    /** What holds after so many steps; there must be a value from 0 on. */
    public int after(int steps) {
        return values.headMap(steps + 1, false).lastEntry().getValue();
    }

    /** The last of them; there must be one. */
    public int last() {
        return values.lastEntry().getValue();
    }

    @Override
    public String toString() {
        return values.toString();
    }
}
