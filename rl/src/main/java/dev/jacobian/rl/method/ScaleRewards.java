// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import dev.jacobian.rl.advantage.AdvantageEstimator;
import dev.jacobian.rl.advantage.GroupNormalized;
import dev.jacobian.rl.advantage.MeanBaseline;

/** TRL's {@code scale_rewards}: what a reward's distance from its group's mean is divided by. */
public enum ScaleRewards {
    /** The group's standard deviation, plus an epsilon. */
    GROUP,
    /** Nothing (Dr.GRPO, arXiv 2503.20783). */
    NONE;

    /** The estimator. */
    AdvantageEstimator advantages(double epsilon) {
        return switch (this) {
            case GROUP -> new GroupNormalized(epsilon);
            case NONE -> new MeanBaseline();
        };
    }
}
