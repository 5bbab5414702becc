// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

/**
 * Sets keys of a configuration from Java; what is not set has its default. The setters here are those of every training run.
 *
 * @param <B> the builder's own type
 */
public abstract class ConfigBuilder<B extends ConfigBuilder<B>> {
    private final Given given = new Given();

    /** For the builders of configurations. */
    protected ConfigBuilder() {}

    /** What was set. */
    protected final Given given() {
        return given;
    }

    /** Sets any key, under its name in snake case; whether it exists is checked in the end. */
    @SuppressWarnings("unchecked") // B is the builder's own type
    public final B set(String key, Object value) {
        given.set(key, value, key);
        return (B) this;
    }

    /** Sets: steps of the run. */
    public final B maxSteps(int value) {
        return set("max_steps", value);
    }

    /** Sets: peak learning rate. */
    public final B learningRate(double value) {
        return set("learning_rate", value);
    }

    /** Sets: the learning rate's shape after the warm-up. */
    public final B lrSchedulerType(LrScheduler value) {
        return set("lr_scheduler_type", value);
    }

    /** Sets: optimizer steps of linear warm-up. */
    public final B warmupSteps(int value) {
        return set("warmup_steps", value);
    }

    /** Sets: limit of the gradient's norm; 0 for none. */
    public final B maxGradNorm(double value) {
        return set("max_grad_norm", value);
    }

    /** Sets: AdamW's beta1. */
    public final B adamBeta1(double value) {
        return set("adam_beta1", value);
    }

    /** Sets: AdamW's beta2. */
    public final B adamBeta2(double value) {
        return set("adam_beta2", value);
    }

    /** Sets: AdamW's epsilon. */
    public final B adamEpsilon(double value) {
        return set("adam_epsilon", value);
    }

    /** Sets: what the schedule takes beside. */
    public final B lrSchedulerKwargs(Arguments value) {
        return set("lr_scheduler_kwargs", value);
    }

    /** Sets: part of the run that warms up. */
    public final B warmupRatio(double value) {
        return set("warmup_ratio", value);
    }

    /** Sets: the optimizer. */
    public final B optim(Optim value) {
        return set("optim", value);
    }

    /** Sets: what the optimizer takes beside. */
    public final B optimArgs(Arguments value) {
        return set("optim_args", value);
    }

    /** Sets: weight decay, of all but norms and biases. */
    public final B weightDecay(double value) {
        return set("weight_decay", value);
    }

    /** Sets: weight of the load-balancing loss of a mixture's experts; -1 for what config.json asks for. */
    public final B routerAuxLossCoef(double value) {
        return set("router_aux_loss_coef", value);
    }

    /** Sets: tokens that one forward and backward pass holds. */
    public final B microBatchTokens(int value) {
        return set("micro_batch_tokens", value);
    }

    /** Sets: compute layers again in backward. */
    public final B gradientCheckpointing(boolean value) {
        return set("gradient_checkpointing", value);
    }

    /** Sets: AdamW's moments in the host's memory. */
    public final B offloadOptimizer(boolean value) {
        return set("offload_optimizer", value);
    }

    /** Sets: steps between checkpoints; 0 for none but the last. */
    public final B saveSteps(int value) {
        return set("save_steps", value);
    }

    /** Sets: checkpoints kept. */
    public final B saveTotalLimit(int value) {
        return set("save_total_limit", value);
    }

    /** Sets: where metrics go beside metrics.jsonl. */
    public final B reportTo(ReportTo value) {
        return set("report_to", value);
    }

    /** Sets: key of all random numbers. */
    public final B seed(long value) {
        return set("seed", value);
    }
}
