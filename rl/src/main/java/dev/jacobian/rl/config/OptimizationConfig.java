// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;

import dev.jacobian.autograd.optim.AdamWConfig;
import dev.jacobian.autograd.optim.Schedule;
import dev.jacobian.transformer.CausalLM;

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
        double weightDecay,

        @Setting(
                value = "-1",
                doc = "weight of the load-balancing loss of a mixture's experts; -1 for what config.json asks for: its"
                        + " router_aux_loss_coef if output_router_logits is true, else 0")
        double routerAuxLossCoef) {
    /** What {@code router_aux_loss_coef} is where the model decides. */
    private static final double AS_THE_MODEL_SAYS = -1;

    public OptimizationConfig {
        require(learningRate > 0 && learningRate < 1, "learning_rate must lie in (0, 1), got " + learningRate);
        requireAtLeast("warmup_steps", 0, warmupSteps);
        requireAtLeast("max_grad_norm", 0, maxGradNorm);
        require(adamBeta1 >= 0 && adamBeta1 < 1, "adam_beta1 must lie in [0, 1), got " + adamBeta1);
        require(adamBeta2 >= 0 && adamBeta2 < 1, "adam_beta2 must lie in [0, 1), got " + adamBeta2);
        require(adamEpsilon > 0, "adam_epsilon must be positive, got " + adamEpsilon);
        requireAtLeast("weight_decay", 0, weightDecay);
        require(
                routerAuxLossCoef >= 0 || routerAuxLossCoef == AS_THE_MODEL_SAYS,
                "router_aux_loss_coef must be 0 or more, or -1 for the model's own, got " + routerAuxLossCoef);
    }

    /** The optimizer's numbers. */
    public AdamWConfig adamW() {
        return new AdamWConfig(adamBeta1, adamBeta2, adamEpsilon, weightDecay);
    }

    /**
     * Sets how much of its experts' load-balancing loss the model's training adds.
     *
     * @throws IllegalArgumentException if the model's routers have no such loss and one is wanted
     */
    public void balanceExperts(CausalLM model) {
        if (routerAuxLossCoef != AS_THE_MODEL_SAYS) {
            model.routerAuxLossCoef(routerAuxLossCoef);
        }
    }

    /** The schedule of a run of so many optimizer steps. */
    public Schedule schedule(int updates) {
        return new Schedule(lrSchedulerType.kind(), warmupSteps, Math.max(warmupSteps, updates));
    }
}
