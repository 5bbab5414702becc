// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;

/** How long rewards may take, and how many failures of theirs a run bears. */
public record RewardCallConfig(
        @Setting(
                value = "120.0",
                doc = "seconds that a call of a reward function may take, after which it is given up; 0 for as long"
                        + " as it likes")
        double rewardTimeout,

        @Setting(
                value = "0",
                doc = "samples of a run that may go without a reward because a reward failed or took too long; one more"
                        + " stops the run")
        int rewardErrorBudget,

        @Setting(value = "32", doc = "calls at once of rewards that wait for others, such as a remote judge")
        int rewardConcurrency) {
    /** Two minutes, and no failure. */
    public static final RewardCallConfig DEFAULT = ConfigTree.defaults(RewardCallConfig.class);

    public RewardCallConfig {
        requireAtLeast("reward_timeout", 0, rewardTimeout);
        require(rewardTimeout < 1e6, "reward_timeout is in seconds and must be below a million, got " + rewardTimeout);
        requireAtLeast("reward_error_budget", 0, rewardErrorBudget);
        requireAtLeast("reward_concurrency", 1, rewardConcurrency);
    }
}
