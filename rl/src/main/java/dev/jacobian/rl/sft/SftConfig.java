// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sft;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.rl.config.ConfigTree;

/**
 * Settings of supervised fine-tuning, with TRL's names.
 *
 * @param maxSteps optimizer steps
 * @param batchSize examples per step
 * @param learningRate peak learning rate
 * @param lrSchedulerType {@code constant}, {@code linear} or {@code cosine}
 * @param warmupSteps steps of linear warm-up; a run of fewer steps ends before the peak
 * @param maxGradNorm global gradient norm limit; 0 for none
 * @param adamBeta1 AdamW beta1
 * @param adamBeta2 AdamW beta2
 * @param weightDecay AdamW weight decay
 * @param microBatchTokens tokens that one forward and backward pass holds
 * @param gradientCheckpointing compute layers again in backward instead of keeping what they computed: a third more
 *     arithmetic, much less memory, the same bits
 * @param offloadOptimizer keep AdamW's moments in the host's memory when the model is on a GPU: a third less of the GPU's
 *     memory for weights, gradients and moments, for moving the moments at each step; the same bits
 * @param maxLength longest example in tokens; a longer one is an error
 * @param loggingSteps steps between log lines
 * @param seed key of all random numbers
 */
public record SftConfig(
        int maxSteps,
        int batchSize,
        double learningRate,
        String lrSchedulerType,
        int warmupSteps,
        double maxGradNorm,
        double adamBeta1,
        double adamBeta2,
        double weightDecay,
        int microBatchTokens,
        boolean gradientCheckpointing,
        boolean offloadOptimizer,
        int maxLength,
        int loggingSteps,
        long seed) {
    public SftConfig {
        require(maxSteps >= 1 && batchSize >= 1, "max_steps and batch_size must be at least 1");
        require(learningRate > 0 && learningRate < 1, "learning_rate must lie in (0, 1), got " + learningRate);
        require(warmupSteps >= 0, "warmup_steps must not be negative, got " + warmupSteps);
        require(maxGradNorm >= 0, "max_grad_norm must not be negative, got " + maxGradNorm);
        require(microBatchTokens >= 1 && maxLength >= 2, "micro_batch_tokens must be positive, max_length at least 2");
        require(loggingSteps >= 1, "logging_steps must be at least 1");
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

    /** All keys and values, in snake case. */
    public ObjectNode toJson() {
        return ConfigTree.toJson(this);
    }

    /** These settings with some replaced; see {@link dev.jacobian.rl.RlConfig#with}. */
    public SftConfig with(ObjectNode changes, String where) {
        return ConfigTree.merge(this, changes, where, SftConfig.class);
    }

    /** Builds an {@link SftConfig}. */
    public static final class Builder {
        private int maxSteps = 1000;
        private int batchSize = 64;
        private double learningRate = 1e-3;
        private String lrSchedulerType = "cosine";
        private int warmupSteps = 50;
        private double maxGradNorm = 1.0;
        private double adamBeta1 = 0.9;
        private double adamBeta2 = 0.999;
        private double weightDecay = 0.0;
        private int microBatchTokens = 4096;
        private boolean gradientCheckpointing = false;
        private boolean offloadOptimizer = false;
        private int maxLength = 1024;
        private int loggingSteps = 10;
        private long seed = 0;

        private Builder() {}

        /** Sets: optimizer steps. */
        public Builder maxSteps(int value) {
            maxSteps = value;
            return this;
        }

        /** Sets: examples per step. */
        public Builder batchSize(int value) {
            batchSize = value;
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

        /** Sets: steps of linear warm-up. */
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

        /** Sets: tokens that one forward and backward pass holds. */
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

        /** Sets: longest example in tokens; a longer one is an error. */
        public Builder maxLength(int value) {
            maxLength = value;
            return this;
        }

        /** Sets: steps between log lines. */
        public Builder loggingSteps(int value) {
            loggingSteps = value;
            return this;
        }

        /** Sets: key of all random numbers. */
        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /** The configuration. */
        public SftConfig build() {
            return new SftConfig(
                    maxSteps,
                    batchSize,
                    learningRate,
                    lrSchedulerType,
                    warmupSteps,
                    maxGradNorm,
                    adamBeta1,
                    adamBeta2,
                    weightDecay,
                    microBatchTokens,
                    gradientCheckpointing,
                    offloadOptimizer,
                    maxLength,
                    loggingSteps,
                    seed);
        }
    }
}
