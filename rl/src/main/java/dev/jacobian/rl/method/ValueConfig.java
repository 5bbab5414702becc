// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.advantage.ActorCritic;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.ValueLoss;
import java.util.OptionalDouble;

/** PPO's value model: where it sits and how it learns. */
public record ValueConfig(
        @Setting(
                value = "own",
                doc = "layers of the value model: its own, a copy of the policy's at first, or the policy's with a"
                        + " head more")
        Trunk valueModel,

        @Setting(
                value = "",
                doc = "checkpoint that a value model of its own begins with, of the policy's vocabulary; empty for a"
                        + " copy of the policy with a fresh head")
        String valueModelPath,

        @Setting(value = "0.1", doc = "what the value loss is multiplied with")
        double vfCoef,

        @Setting(
                value = "0.2",
                doc = "how far a value may go from what it was when the rollout was scored; 0 for any way")
        double cliprangeValue,

        @Setting(value = "null", doc = "peak learning rate of a value model of its own; null for learning_rate")
        OptionalDouble valueLearningRate) {
    /** Whose layers a value is read off. */
    public enum Trunk {
        /** A model of its own. */
        OWN,
        /** The policy's: one pass for both, and one optimizer. */
        SHARED
    }

    public ValueConfig {
        require(
                valueModelPath.isEmpty() || valueModel == Trunk.OWN,
                "value_model_path names a model of its own; set value_model=own, or leave it out");
        requireAtLeast("vf_coef", 0, vfCoef);
        requireAtLeast("cliprange_value", 0, cliprangeValue);
        if (valueLearningRate.isPresent()) {
            requirePositive("value_learning_rate", valueLearningRate.getAsDouble());
        }
    }

    /** The loss. */
    ValueLoss loss() {
        return cliprangeValue == 0 ? ValueLoss.UNCLIPPED : new ValueLoss(cliprangeValue);
    }

    /** The choices of a value model. */
    CriticChoice critic(ActorCritic estimate, KlConfig kl) {
        return new CriticChoice(
                estimate,
                loss(),
                vfCoef,
                valueModel == Trunk.SHARED,
                valueModelPath,
                valueLearningRate,
                kl.inReward(),
                kl.control());
    }
}
