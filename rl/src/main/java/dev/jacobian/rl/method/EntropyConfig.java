// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;

import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.EntropyBonus;
import dev.jacobian.rl.objective.TokenWeighting;
import dev.jacobian.rl.objective.TopEntropyTokens;

/** What the entropy of tokens does: a bonus, and which tokens teach. */
public record EntropyConfig(
        @Setting(value = "1.0", doc = "share of a micro-batch's tokens that teach: those of the highest entropy")
        double topEntropyQuantile,

        @Setting(value = "0.0", doc = "bonus per nat of a token's entropy; its first value if it is adaptive")
        double entropyCoef,

        @Setting(value = "false", doc = "move entropy_coef towards entropy_target")
        boolean useAdaptiveEntropy,

        @Setting(value = "0.0", doc = "smallest adaptive entropy_coef")
        double entropyCoefMin,

        @Setting(value = "1.0", doc = "largest adaptive entropy_coef")
        double entropyCoefMax,

        @Setting(value = "0.005", doc = "how far an adaptive entropy_coef moves after a step")
        double entropyCoefDelta,

        @Setting(value = "0.2", doc = "entropy per token that an adaptive entropy_coef aims at, in nats")
        double entropyTarget) {
    public EntropyConfig {
        require(
                topEntropyQuantile > 0 && topEntropyQuantile <= 1,
                "top_entropy_quantile must lie in (0, 1], got " + topEntropyQuantile);
        requireAtLeast("entropy_coef_delta", 0, entropyCoefDelta);
        require(
                entropyCoefMin <= entropyCoefMax,
                "entropy_coef_min must not exceed entropy_coef_max (" + entropyCoefMax + "), got " + entropyCoefMin);
    }

    EntropyBonus bonus() {
        return new EntropyBonus(
                entropyCoef, useAdaptiveEntropy, entropyCoefMin, entropyCoefMax, entropyCoefDelta, entropyTarget);
    }

    TokenWeighting filter() {
        return topEntropyQuantile == 1 ? TokenWeighting.NONE : new TopEntropyTokens(topEntropyQuantile);
    }
}
