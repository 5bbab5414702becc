// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;

/** How a stage draws samples. */
public record AnswersConfig(
        @Setting(value = "1000", doc = "problems that are answered, from the beginning of the training set")
        int problems,

        @Setting(value = "8", doc = "answers to each") int samples,

        @Setting(value = "256", doc = "limit of tokens per answer")
        int maxCompletionLength,

        @Setting(value = "1.0", doc = "sampling temperature")
        double temperature) {
    /** Eight answers to a thousand problems. */
    public static final AnswersConfig DEFAULT = ConfigTree.defaults(AnswersConfig.class);

    public AnswersConfig {
        requireAtLeast("problems", 1, problems);
        requireAtLeast("samples", 1, samples);
        requireAtLeast("max_completion_length", 1, maxCompletionLength);
        requirePositive("temperature", temperature);
    }
}
