// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.optim.AdamWConfig;
import dev.jacobian.autograd.optim.Optimizer;
import dev.jacobian.autograd.optim.Schedule;
import dev.jacobian.transformer.CausalLM;
import java.util.List;

/** How a gradient becomes a step: clipping, AdamW, the learning rate's schedule. */
public record OptimizationConfig(
        @Setting(value = "1e-6", doc = "peak learning rate") double learningRate,

        @Setting(value = "constant", doc = "learning rate after the warm-up: it stays, or falls towards the last step")
        LrScheduler lrSchedulerType,

        @Setting(value = "0", doc = "optimizer steps of linear warm-up; a run of fewer steps ends before the peak")
        int warmupSteps,

        @Setting(value = "1.0", doc = "limit of the gradient's norm over all parameters; 0 for none")
        double maxGradNorm,

        @Setting(value = "0.9", doc = "AdamW's beta1") double adamBeta1,
        @Setting(value = "0.999", doc = "AdamW's beta2") double adamBeta2,
        @Setting(value = "1e-8", doc = "AdamW's epsilon") double adamEpsilon,

        @Setting(value = "0.0", doc = "weight decay, of all but norms and biases")
        double weightDecay,

        @Setting(value = "null", doc = "what the schedule takes beside: min_lr_rate, num_cycles, num_decay_steps …")
        Arguments lrSchedulerKwargs,

        @Setting(value = "0.0", doc = "part of the run's steps that warm up, where warmup_steps is 0")
        double warmupRatio,

        @Setting(value = "adamw_torch", doc = "optimizer") Optim optim,

        @Setting(value = "null", doc = "what the optimizer takes beside, such as momentum=0.9")
        Arguments optimArgs,

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
        require(warmupRatio >= 0 && warmupRatio <= 1, "warmup_ratio must lie in [0, 1], got " + warmupRatio);
        optim.check(optimArgs);
        lrSchedulerType.schedule(0, 1, lrSchedulerKwargs, learningRate); // refuses what it does not take
        require(
                routerAuxLossCoef >= 0 || routerAuxLossCoef == AS_THE_MODEL_SAYS,
                "router_aux_loss_coef must be 0 or more, or -1 for the model's own, got " + routerAuxLossCoef);
    }

    /** AdamW, and a schedule that takes nothing beside. */
    public OptimizationConfig(
            double learningRate,
            LrScheduler lrSchedulerType,
            int warmupSteps,
            double maxGradNorm,
            double adamBeta1,
            double adamBeta2,
            double adamEpsilon,
            double weightDecay,
            double routerAuxLossCoef) {
        this(
                learningRate,
                lrSchedulerType,
                warmupSteps,
                maxGradNorm,
                adamBeta1,
                adamBeta2,
                adamEpsilon,
                weightDecay,
                Arguments.NONE,
                0,
                Optim.ADAMW,
                Arguments.NONE,
                routerAuxLossCoef);
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
        int warmup = warmupSteps > 0 ? warmupSteps : (int) Math.ceil(updates * warmupRatio);
        return lrSchedulerType.schedule(warmup, updates, lrSchedulerKwargs, learningRate);
    }

    /**
     * The optimizer of some parameters.
     *
     * @param offload keep what it remembers of parameters on a device in the host's memory; the same bits
     */
    public Optimizer optimizer(List<Parameter> parameters, boolean offload) {
        return optim.of(parameters, this, offload);
    }
}
