// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;

/**
 * How far an episode may go. Its tokens, of all turns and observations, are limited by {@code max_completion_length} besides.
 */
public record EnvironmentLimits(
        @Setting(value = "8", doc = "turns of the policy at most; an episode that wants more ends as it is")
        int maxTurns,

        @Setting(value = "256", doc = "tokens of an observation at most; what is longer is cut, and a mark says so")
        int maxObservationTokens,

        @Setting(
                value = "30.0",
                doc = "seconds that the environment may take to begin or to answer; then the episode is a failure")
        double stepTimeout) {
    /** Eight turns, 256 tokens an observation, 30 seconds. */
    public static final EnvironmentLimits DEFAULT = ConfigTree.defaults(EnvironmentLimits.class);

    public EnvironmentLimits {
        require("max_turns", maxTurns >= 1, "at least 1", maxTurns);
        require("max_observation_tokens", maxObservationTokens >= 1, "at least 1", maxObservationTokens);
        require("step_timeout", stepTimeout > 0 && stepTimeout <= 1e6, "positive, in seconds", stepTimeout);
    }

    private static void require(String key, boolean condition, String range, Object found) {
        if (!condition) {
            throw new IllegalArgumentException(key + " must be " + range + ", got " + found);
        }
    }

    /** The same with another number of turns. */
    public EnvironmentLimits withMaxTurns(int turns) {
        return new EnvironmentLimits(turns, maxObservationTokens, stepTimeout);
    }

    /** The same with another length of observations. */
    public EnvironmentLimits withMaxObservationTokens(int tokens) {
        return new EnvironmentLimits(maxTurns, tokens, stepTimeout);
    }

    /** The same with another deadline. */
    public EnvironmentLimits withStepTimeout(double seconds) {
        return new EnvironmentLimits(maxTurns, maxObservationTokens, seconds);
    }
}
