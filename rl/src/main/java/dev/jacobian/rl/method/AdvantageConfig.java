// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.advantage.AdvantageEstimator;
import dev.jacobian.rl.advantage.NormalizeThenSum;
import dev.jacobian.rl.config.Setting;

/** How the rewards of a group become advantages, under TRL's names. */
public record AdvantageConfig(
        @Setting(
                value = "group",
                doc = "what divides the advantages: the standard deviation of the group, of the batch, or nothing")
        ScaleRewards scaleRewards,

        @Setting(value = "1e-4", doc = "added to that standard deviation, in units of reward")
        double advantageEpsilon,

        @Setting(value = "sum_then_normalize", doc = "advantages of the sum of rewards, or the sum of advantages")
        MultiObjective multiObjectiveAggregation) {
    public AdvantageConfig {
        requirePositive("advantage_epsilon", advantageEpsilon);
    }

    AdvantageEstimator estimator(RewardMix rewards) {
        return multiObjectiveAggregation == MultiObjective.NORMALIZE_THEN_SUM
                ? new NormalizeThenSum(rewards.rewardWeights().values(), advantageEpsilon)
                : scaleRewards.advantages(advantageEpsilon);
    }
}
