// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import java.util.List;

/** A setting of some numbers, or of none: in JSON a list, one number, or null. */
public record Numbers(List<Double> values) {
    public Numbers {
        values = List.copyOf(values);
    }

    @Override
    public String toString() {
        return values.toString();
    }
}
