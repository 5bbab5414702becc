// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import dev.jacobian.rl.advantage.AdvantageEstimator;
import dev.jacobian.rl.advantage.BatchScaling;
import dev.jacobian.rl.advantage.GroupNormalized;
import dev.jacobian.rl.advantage.MeanBaseline;

/** TRL's {@code scale_rewards}: what a reward's distance from its group's mean is divided by. */
public enum ScaleRewards {
    /** The group's standard deviation, plus an epsilon. */
    GROUP,
    /** The standard deviation of all rewards of the rollout, plus an epsilon. */
    BATCH,
    /** Nothing (Dr.GRPO, arXiv 2503.20783). */
    NONE;

    /** The estimator. */
    AdvantageEstimator advantages(double epsilon) {
        return switch (this) {
            case GROUP -> new GroupNormalized(epsilon);
            case BATCH -> new BatchScaling(new MeanBaseline(), epsilon);
            case NONE -> new MeanBaseline();
        };
    }
}
