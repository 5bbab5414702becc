// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.RatioLevel;
import java.util.OptionalDouble;

/** What importance ratios are taken of, and how far they may go. */
public record RatioConfig(
        @Setting(
                value = "token",
                doc = "what the ratio is taken of; sequence: its geometric mean over a completion (GSPO)")
        ImportanceSamplingLevel importanceSamplingLevel,

        ClipRange clip,

        @Setting(value = "null", doc = "largest ratio of a sample worse than expected (not an offset); null for none")
        OptionalDouble delta) {
    public RatioConfig {
        requirePositive("delta", delta.orElse(1));
    }

    RatioLevel level() {
        return importanceSamplingLevel == ImportanceSamplingLevel.TOKEN ? RatioLevel.TOKEN : RatioLevel.SEQUENCE_MEAN;
    }
}
