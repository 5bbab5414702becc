// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import java.util.Arrays;
import java.util.List;

/** A setting of one name or several: in JSON a string (with commas between several) or a list of strings. */
public record Names(List<String> values) {
    public Names {
        values = List.copyOf(values);
    }

    /** Of a text such as {@code sigmoid} or {@code sigmoid,sft}. */
    public static Names of(String text) {
        return new Names(Arrays.stream(text.split(","))
                .map(String::strip)
                .filter(name -> !name.isEmpty())
                .toList());
    }

    @Override
    public String toString() {
        return String.join(",", values);
    }
}
