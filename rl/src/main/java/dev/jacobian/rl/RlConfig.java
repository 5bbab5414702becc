// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.rl.config.ConfigTree;

/**
 * Everything that decides a reinforcement-learning run, with TRL's names (in JSON and on the command line in snake case:
 * {@code num_generations}). What is not set has the default of {@link #builder}; unknown keys are errors.
 *
 * @param algorithm {@code grpo}, {@code opo} or {@code omd}
 * @param maxSteps rollouts drawn and learned from
 * @param promptsPerStep prompts per rollout
 * @param numGenerations samples per prompt, at least 2
 * @param maxCompletionLength limit of tokens per completion
 * @param temperature sampling temperature; log-probabilities are taken at the same
 * @param learningRate peak learning rate
 * @param lrSchedulerType {@code constant}, {@code linear} or {@code cosine}
 * @param warmupSteps optimizer steps of linear warm-up
 * @param maxGradNorm global gradient norm limit; 0 for none
 * @param adamBeta1 AdamW beta1
 * @param adamBeta2 AdamW beta2
 * @param weightDecay AdamW weight decay
 * @param lossType aggregation: {@code dapo}, {@code grpo} or {@code dr_grpo}
 * @param scaleRewards GRPO: {@code group} divides by the standard deviation, {@code none} does not
 * @param epsilon GRPO: how far the ratio may fall below 1
 * @param epsilonHigh GRPO: how far the ratio may rise above 1 (an offset)
 * @param beta GRPO: coefficient of the KL penalty to the initial model; 0 holds no second model in the loss
 * @param tau OMD: strength of the anchor, in reward per nat of a whole completion
 * @param updatesPerRollout optimizer steps per rollout, on equal parts of it
 * @param resetOptimizer OMD: forget the moments when the anchor moves
 * @param microBatchTokens tokens that one forward and backward pass holds; does not change the result
 * @param gradientCheckpointing compute layers again in backward instead of keeping what they computed: a third more
 *     arithmetic, much less memory, the same bits
 * @param offloadOptimizer keep AdamW's moments in the host's memory when the model is on a GPU: a third less of the GPU's
 *     memory for weights, gradients and moments, for moving the moments at each step; the same bits
 * @param offloadReference keep the initial model in the host's memory when the model is on a GPU, and move it to the GPU for the
 *     moment in which it scores a step's completions; the same bits
 * @param evalSteps steps between evaluations on held-out problems; 0 for none
 * @param evalProblems held-out problems per evaluation during training
 * @param finalEvalProblems held-out problems before and after training
 * @param saveSteps steps between checkpoints; 0 for none but the last
 * @param saveTotalLimit checkpoints kept
 * @param klSamples completions per step on which the KL divergence to the initial model is estimated; 0 for none
 * @param logCompletions completions per step that are logged
 * @param seed key of all random numbers
 */
public record RlConfig(
        String algorithm,
        int maxSteps,
        int promptsPerStep,
        int numGenerations,
        int maxCompletionLength,
        double temperature,
        double learningRate,
        String lrSchedulerType,
        int warmupSteps,
        double maxGradNorm,
        double adamBeta1,
        double adamBeta2,
        double weightDecay,
        String lossType,
        String scaleRewards,
        double epsilon,
        double epsilonHigh,
        double beta,
        double tau,
        int updatesPerRollout,
        boolean resetOptimizer,
        int microBatchTokens,
        boolean gradientCheckpointing,
        boolean offloadOptimizer,
        boolean offloadReference,
        int evalSteps,
        int evalProblems,
        int finalEvalProblems,
        int saveSteps,
        int saveTotalLimit,
        int klSamples,
        int logCompletions,
        long seed) {
    public RlConfig {
        require(maxSteps >= 1, "max_steps must be at least 1, got " + maxSteps);
        require(promptsPerStep >= 1, "prompts_per_step must be at least 1, got " + promptsPerStep);
        require(
                numGenerations >= 2,
                "num_generations must be at least 2, got " + numGenerations
                        + ": advantages compare the samples of a prompt");
        require(maxCompletionLength >= 1, "max_completion_length must be at least 1, got " + maxCompletionLength);
        require(temperature > 0, "temperature must be positive, got " + temperature);
        require(learningRate > 0 && learningRate < 1, "learning_rate must lie in (0, 1), got " + learningRate);
        require(maxGradNorm >= 0, "max_grad_norm must not be negative, got " + maxGradNorm);
        require(
                updatesPerRollout >= 1 && updatesPerRollout <= promptsPerStep,
                "updates_per_rollout must lie between 1 and prompts_per_step (" + promptsPerStep + "), got "
                        + updatesPerRollout);
        require(warmupSteps >= 0, "warmup_steps must not be negative, got " + warmupSteps);
        require(microBatchTokens >= 1, "micro_batch_tokens must be at least 1, got " + microBatchTokens);
        require(
                evalSteps >= 0 && evalProblems >= 1 && finalEvalProblems >= 1,
                "eval_steps must not be negative and the numbers of evaluation problems must be positive");
        require(saveSteps >= 0 && saveTotalLimit >= 1, "save_steps must not be negative, save_total_limit positive");
        require(klSamples >= 0 && logCompletions >= 0, "kl_samples and log_completions must not be negative");
        require(beta >= 0, "beta must not be negative, got " + beta);
        require(tau > 0, "tau must be positive, got " + tau);
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }

    /** A builder that starts from the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that starts from this configuration. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.algorithm = algorithm;
        builder.maxSteps = maxSteps;
        builder.promptsPerStep = promptsPerStep;
        builder.numGenerations = numGenerations;
        builder.maxCompletionLength = maxCompletionLength;
        builder.temperature = temperature;
        builder.learningRate = learningRate;
        builder.lrSchedulerType = lrSchedulerType;
        builder.warmupSteps = warmupSteps;
        builder.maxGradNorm = maxGradNorm;
        builder.adamBeta1 = adamBeta1;
        builder.adamBeta2 = adamBeta2;
        builder.weightDecay = weightDecay;
        builder.lossType = lossType;
        builder.scaleRewards = scaleRewards;
        builder.epsilon = epsilon;
        builder.epsilonHigh = epsilonHigh;
        builder.beta = beta;
        builder.tau = tau;
        builder.updatesPerRollout = updatesPerRollout;
        builder.resetOptimizer = resetOptimizer;
        builder.microBatchTokens = microBatchTokens;
        builder.gradientCheckpointing = gradientCheckpointing;
        builder.offloadOptimizer = offloadOptimizer;
        builder.offloadReference = offloadReference;
        builder.evalSteps = evalSteps;
        builder.evalProblems = evalProblems;
        builder.finalEvalProblems = finalEvalProblems;
        builder.saveSteps = saveSteps;
        builder.saveTotalLimit = saveTotalLimit;
        builder.klSamples = klSamples;
        builder.logCompletions = logCompletions;
        builder.seed = seed;
        return builder;
    }

    /** All keys and values, in snake case. */
    public ObjectNode toJson() {
        return ConfigTree.toJson(this);
    }

    /**
     * These settings with some replaced.
     *
     * @param changes keys in snake case
     * @param where where they come from, for messages
     * @throws dev.jacobian.io.FormatException for an unknown key or a value of the wrong type
     */
    public RlConfig with(ObjectNode changes, String where) {
        return ConfigTree.merge(this, changes, where, RlConfig.class);
    }

    /** Builds an {@link RlConfig}. */
    public static final class Builder {
        private String algorithm = "grpo";
        private int maxSteps = 100;
        private int promptsPerStep = 32;
        private int numGenerations = 8;
        private int maxCompletionLength = 64;
        private double temperature = 1.0;
        private double learningRate = 1e-6;
        private String lrSchedulerType = "constant";
        private int warmupSteps = 0;
        private double maxGradNorm = 1.0;
        private double adamBeta1 = 0.9;
        private double adamBeta2 = 0.999;
        private double weightDecay = 0.0;
        private String lossType = "dapo";
        private String scaleRewards = "group";
        private double epsilon = 0.2;
        private double epsilonHigh = 0.2;
        private double beta = 0.0;
        private double tau = 0.1;
        private int updatesPerRollout = 1;
        private boolean resetOptimizer = true;
        private int microBatchTokens = 4096;
        private boolean gradientCheckpointing = false;
        private boolean offloadOptimizer = false;
        private boolean offloadReference = false;
        private int evalSteps = 10;
        private int evalProblems = 128;
        private int finalEvalProblems = 500;
        private int saveSteps = 25;
        private int saveTotalLimit = 2;
        private int klSamples = 64;
        private int logCompletions = 2;
        private long seed = 0;

        private Builder() {}

        /** Sets: {@code grpo}, {@code opo} or {@code omd}. */
        public Builder algorithm(String value) {
            algorithm = value;
            return this;
        }

        /** Sets: rollouts drawn and learned from. */
        public Builder maxSteps(int value) {
            maxSteps = value;
            return this;
        }

        /** Sets: prompts per rollout. */
        public Builder promptsPerStep(int value) {
            promptsPerStep = value;
            return this;
        }

        /** Sets: samples per prompt, at least 2. */
        public Builder numGenerations(int value) {
            numGenerations = value;
            return this;
        }

        /** Sets: limit of tokens per completion. */
        public Builder maxCompletionLength(int value) {
            maxCompletionLength = value;
            return this;
        }

        /** Sets: sampling temperature; log-probabilities are taken at the same. */
        public Builder temperature(double value) {
            temperature = value;
            return this;
        }

        /** Sets: peak learning rate. */
        public Builder learningRate(double value) {
            learningRate = value;
            return this;
        }

        /** Sets: {@code constant}, {@code linear} or {@code cosine}. */
        public Builder lrSchedulerType(String value) {
            lrSchedulerType = value;
            return this;
        }

        /** Sets: optimizer steps of linear warm-up. */
        public Builder warmupSteps(int value) {
            warmupSteps = value;
            return this;
        }

        /** Sets: global gradient norm limit; 0 for none. */
        public Builder maxGradNorm(double value) {
            maxGradNorm = value;
            return this;
        }

        /** Sets: AdamW beta1. */
        public Builder adamBeta1(double value) {
            adamBeta1 = value;
            return this;
        }

        /** Sets: AdamW beta2. */
        public Builder adamBeta2(double value) {
            adamBeta2 = value;
            return this;
        }

        /** Sets: AdamW weight decay. */
        public Builder weightDecay(double value) {
            weightDecay = value;
            return this;
        }

        /** Sets: aggregation: {@code dapo}, {@code grpo} or {@code dr_grpo}. */
        public Builder lossType(String value) {
            lossType = value;
            return this;
        }

        /** Sets: GRPO: {@code group} divides by the standard deviation, {@code none} does not. */
        public Builder scaleRewards(String value) {
            scaleRewards = value;
            return this;
        }

        /** Sets: GRPO: how far the ratio may fall below 1. */
        public Builder epsilon(double value) {
            epsilon = value;
            return this;
        }

        /** Sets: GRPO: how far the ratio may rise above 1 (an offset). */
        public Builder epsilonHigh(double value) {
            epsilonHigh = value;
            return this;
        }

        /** Sets: GRPO: coefficient of the KL penalty to the initial model; 0 holds no second model in the loss. */
        public Builder beta(double value) {
            beta = value;
            return this;
        }

        /** Sets: OMD: strength of the anchor, in reward per nat of a whole completion. */
        public Builder tau(double value) {
            tau = value;
            return this;
        }

        /** Sets: optimizer steps per rollout, on equal parts of it. */
        public Builder updatesPerRollout(int value) {
            updatesPerRollout = value;
            return this;
        }

        /** Sets: OMD: forget the moments when the anchor moves. */
        public Builder resetOptimizer(boolean value) {
            resetOptimizer = value;
            return this;
        }

        /** Sets: tokens that one forward and backward pass holds; does not change the result. */
        public Builder microBatchTokens(int value) {
            microBatchTokens = value;
            return this;
        }

        /** Sets: compute layers again in backward instead of keeping what they computed; does not change the result. */
        public Builder gradientCheckpointing(boolean value) {
            gradientCheckpointing = value;
            return this;
        }

        /** Sets: keep AdamW's moments in the host's memory when the model is on a GPU; does not change the result. */
        public Builder offloadOptimizer(boolean value) {
            offloadOptimizer = value;
            return this;
        }

        /** Sets: keep the initial model in the host's memory when the model is on a GPU; does not change the result. */
        public Builder offloadReference(boolean value) {
            offloadReference = value;
            return this;
        }

        /** Sets: steps between evaluations on held-out problems; 0 for none. */
        public Builder evalSteps(int value) {
            evalSteps = value;
            return this;
        }

        /** Sets: held-out problems per evaluation during training. */
        public Builder evalProblems(int value) {
            evalProblems = value;
            return this;
        }

        /** Sets: held-out problems before and after training. */
        public Builder finalEvalProblems(int value) {
            finalEvalProblems = value;
            return this;
        }

        /** Sets: steps between checkpoints; 0 for none but the last. */
        public Builder saveSteps(int value) {
            saveSteps = value;
            return this;
        }

        /** Sets: checkpoints kept. */
        public Builder saveTotalLimit(int value) {
            saveTotalLimit = value;
            return this;
        }

        /** Sets: completions per step on which the KL divergence to the initial model is estimated; 0 for none. */
        public Builder klSamples(int value) {
            klSamples = value;
            return this;
        }

        /** Sets: completions per step that are logged. */
        public Builder logCompletions(int value) {
            logCompletions = value;
            return this;
        }

        /** Sets: key of all random numbers. */
        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /** The configuration. */
        public RlConfig build() {
            return new RlConfig(
                    algorithm,
                    maxSteps,
                    promptsPerStep,
                    numGenerations,
                    maxCompletionLength,
                    temperature,
                    learningRate,
                    lrSchedulerType,
                    warmupSteps,
                    maxGradNorm,
                    adamBeta1,
                    adamBeta2,
                    weightDecay,
                    lossType,
                    scaleRewards,
                    epsilon,
                    epsilonHigh,
                    beta,
                    tau,
                    updatesPerRollout,
                    resetOptimizer,
                    microBatchTokens,
                    gradientCheckpointing,
                    offloadOptimizer,
                    offloadReference,
                    evalSteps,
                    evalProblems,
                    finalEvalProblems,
                    saveSteps,
                    saveTotalLimit,
                    klSamples,
                    logCompletions,
                    seed);
        }
    }
}
