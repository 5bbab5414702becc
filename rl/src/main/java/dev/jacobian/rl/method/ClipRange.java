// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.require;

import dev.jacobian.rl.config.Setting;
import java.util.OptionalDouble;

/** The range of importance ratios in which a sample pushes: [1 − ε, 1 + ε_high]. */
public record ClipRange(
        @Setting(value = "0.2", doc = "how far the ratio may fall below 1")
        double epsilon,

        @Setting(value = "null", doc = "how far the ratio may rise above 1 (an offset); null for epsilon")
        OptionalDouble epsilonHigh) {
    public ClipRange {
        require(epsilon >= 0 && epsilon <= 1, "epsilon must lie in [0, 1], got " + epsilon);
        require(
                epsilonHigh.orElse(0) >= 0,
                "epsilon_high is the offset above 1, not the largest ratio, and at least 0; got "
                        + epsilonHigh.orElse(0));
    }

    /** How far the ratio may rise above 1. */
    public double high() {
        return epsilonHigh.orElse(epsilon);
    }
}
