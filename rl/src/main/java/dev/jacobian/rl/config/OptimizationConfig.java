// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;

import dev.jacobian.autograd.optim.AdamWConfig;
import dev.jacobian.autograd.optim.Schedule;

/** How a gradient becomes a step: clipping, AdamW, the learning rate's schedule. */
public record OptimizationConfig(
        @Setting(value = "1e-6", doc = "peak learning rate") double learningRate,

        @Setting(value = "constant", doc = "learning rate after the warm-up: it stays, or falls to 0 at the last step")
        LrScheduler lrSchedulerType,

        @Setting(value = "0", doc = "optimizer steps of linear warm-up; a run of fewer steps ends before the peak")
        int warmupSteps,

        @Setting(value = "1.0", doc = "limit of the gradient's norm over all parameters; 0 for none")
        double maxGradNorm,

        @Setting(value = "0.9", doc = "AdamW's beta1") double adamBeta1,
        @Setting(value = "0.999", doc = "AdamW's beta2") double adamBeta2,
        @Setting(value = "1e-8", doc = "AdamW's epsilon") double adamEpsilon,

        @Setting(value = "0.0", doc = "AdamW's weight decay")
        double weightDecay) {
    public OptimizationConfig {
        require(learningRate > 0 && learningRate < 1, "learning_rate must lie in (0, 1), got " + learningRate);
        requireAtLeast("warmup_steps", 0, warmupSteps);
        requireAtLeast("max_grad_norm", 0, maxGradNorm);
        require(adamBeta1 >= 0 && adamBeta1 < 1, "adam_beta1 must lie in [0, 1), got " + adamBeta1);
        require(adamBeta2 >= 0 && adamBeta2 < 1, "adam_beta2 must lie in [0, 1), got " + adamBeta2);
        require(adamEpsilon > 0, "adam_epsilon must be positive, got " + adamEpsilon);
        requireAtLeast("weight_decay", 0, weightDecay);
    }

    /** The optimizer's numbers. */
    public AdamWConfig adamW() {
        return new AdamWConfig(adamBeta1, adamBeta2, adamEpsilon, weightDecay);
    }

    /** The schedule of a run of so many optimizer steps. */
    public Schedule schedule(int updates) {
        return new Schedule(lrSchedulerType.kind(), warmupSteps, Math.max(warmupSteps, updates));
    }
}
