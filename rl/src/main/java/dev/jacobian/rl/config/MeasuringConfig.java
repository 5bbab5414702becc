// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import static dev.jacobian.rl.config.Checks.requireAtLeast;

/** What a run measures and logs on the way. */
public record MeasuringConfig(
        @Setting(value = "10", doc = "steps between evaluations on held-out problems; 0 for none")
        int evalSteps,

        @Setting(value = "128", doc = "held-out problems per evaluation during training")
        int evalProblems,

        @Setting(value = "500", doc = "held-out problems before and after training")
        int finalEvalProblems,

        @Setting(
                value = "64",
                doc = "completions per step on which the KL divergence to the initial model is estimated; 0"
                        + " for none")
        int klSamples,

        @Setting(value = "2", doc = "completions per step that are logged")
        int logCompletions) {
    public MeasuringConfig {
        requireAtLeast("eval_steps", 0, evalSteps);
        requireAtLeast("eval_problems", 1, evalProblems);
        requireAtLeast("final_eval_problems", 1, finalEvalProblems);
        requireAtLeast("kl_samples", 0, klSamples);
        requireAtLeast("log_completions", 0, logCompletions);
    }
}
