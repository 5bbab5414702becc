// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.GammaWeighted.Gamma;

/** What the smooth losses of {@link Grpo} are shaped by. */
public record GrpoShapes(
        @Setting(value = "1.0", doc = "loss_type=sapo: steepness of the gate of samples better than expected")
        double sapoTemperaturePos,

        @Setting(value = "1.05", doc = "loss_type=sapo: steepness of the gate of the others")
        double sapoTemperatureNeg,

        @Setting(value = "2.0", doc = "loss_type=vespo: power of the ratio, samples no worse than expected")
        double vespoKPos,

        @Setting(value = "3.0", doc = "loss_type=vespo: decay by the ratio, samples no worse than expected")
        double vespoLambdaPos,

        @Setting(value = "3.0", doc = "loss_type=vespo: power of the ratio, the others")
        double vespoKNeg,

        @Setting(value = "2.0", doc = "loss_type=vespo: decay by the ratio, the others")
        double vespoLambdaNeg) {
    public GrpoShapes {
        requirePositive("sapo_temperature_pos", sapoTemperaturePos);
        requirePositive("sapo_temperature_neg", sapoTemperatureNeg);
    }

    Gamma positive() {
        return new Gamma(vespoKPos, vespoLambdaPos);
    }

    Gamma negative() {
        return new Gamma(vespoKNeg, vespoLambdaNeg);
    }
}
