// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.transformer.generation.GenerationConfig;

/** What is sampled to learn from. */
public record RolloutConfig(
        @Setting(value = "32", doc = "prompts per rollout") int promptsPerStep,

        @Setting(value = "8", doc = "samples per prompt, at least 2")
        int numGenerations,

        @Setting(value = "64", doc = "limit of tokens per completion")
        int maxCompletionLength,

        @Setting(value = "1.0", doc = "sampling temperature; log-probabilities are taken at the same")
        double temperature) {
    public RolloutConfig {
        requireAtLeast("prompts_per_step", 1, promptsPerStep);
        require(
                numGenerations >= 2,
                "num_generations must be at least 2, got " + numGenerations
                        + ": advantages compare the samples of a prompt");
        requireAtLeast("max_completion_length", 1, maxCompletionLength);
        requirePositive("temperature", temperature);
    }

    /** How completions are sampled, from the whole distribution. */
    public GenerationConfig sampling(long seed) {
        return GenerationConfig.sampling(maxCompletionLength, (float) temperature, seed);
    }
}
