// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.transformer.generation.GenerationConfig;
import java.util.OptionalInt;

/** What is sampled to learn from, and how it is cut into optimizer steps ({@link StepPlan}). */
public record RolloutConfig(
        @Setting(value = "32", doc = "prompts per rollout") int promptsPerStep,

        @Setting(value = "8", doc = "samples per prompt; at least 2 where a method compares them")
        int numGenerations,

        @Setting(value = "64", doc = "limit of tokens per completion")
        int maxCompletionLength,

        @Setting(value = "1.0", doc = "sampling temperature; log-probabilities are taken at the same")
        double temperature,

        @Setting(
                value = "null",
                doc = "samples of a micro-batch; makes the run one in TRL's terms, whose max_steps are optimizer steps;"
                        + " null: prompts_per_step and updates_per_rollout decide")
        OptionalInt perDeviceTrainBatchSize,

        @Setting(value = "1", doc = "micro-batches of an optimizer step, where per_device_train_batch_size is given")
        int gradientAccumulationSteps,

        @Setting(
                value = "null",
                doc = "micro-batches that are sampled at once, where per_device_train_batch_size is given; null for"
                        + " gradient_accumulation_steps")
        OptionalInt stepsPerGeneration,

        @Setting(value = "1", doc = "how often a rollout is learned from")
        int numIterations) {
    public RolloutConfig {
        requireAtLeast("prompts_per_step", 1, promptsPerStep);
        requireAtLeast("num_generations", 1, numGenerations);
        requireAtLeast("max_completion_length", 1, maxCompletionLength);
        requirePositive("temperature", temperature);
        requireAtLeast("per_device_train_batch_size", 1, perDeviceTrainBatchSize.orElse(1));
        requireAtLeast("gradient_accumulation_steps", 1, gradientAccumulationSteps);
        requireAtLeast("steps_per_generation", 1, stepsPerGeneration.orElse(1));
        requireAtLeast("num_iterations", 1, numIterations);
        if (perDeviceTrainBatchSize.isPresent()) {
            int ofGeneration = stepsPerGeneration.orElse(gradientAccumulationSteps);
            requireCountable(
                    "per_device_train_batch_size (" + perDeviceTrainBatchSize.getAsInt()
                            + ") times steps_per_generation (" + ofGeneration + ") times num_iterations ("
                            + numIterations + ")",
                    perDeviceTrainBatchSize.getAsInt(),
                    ofGeneration,
                    numIterations);
            int rows = perDeviceTrainBatchSize.getAsInt() * ofGeneration;
            require(
                    rows % numGenerations == 0,
                    "per_device_train_batch_size times steps_per_generation are the " + rows
                            + " samples of a generation batch, which must be a multiple of num_generations ("
                            + numGenerations + ")");
            require(
                    rows / numGenerations == promptsPerStep,
                    "prompts_per_step is " + promptsPerStep + ", but per_device_train_batch_size,"
                            + " steps_per_generation and num_generations make " + rows / numGenerations
                            + "; leave prompts_per_step out");
            int passes = ofGeneration * numIterations;
            require(
                    passes % gradientAccumulationSteps == 0 || gradientAccumulationSteps % passes == 0,
                    "steps_per_generation times num_iterations (" + passes
                            + ") and gradient_accumulation_steps (" + gradientAccumulationSteps
                            + ") must be multiples, one of the other: an optimizer step may not end within a rollout"
                            + " and begin within another");
        } else {
            requireCountable(
                    "prompts_per_step (" + promptsPerStep + ") times num_generations (" + numGenerations
                            + ") times num_iterations (" + numIterations + ")",
                    promptsPerStep,
                    numGenerations,
                    numIterations);
            require(
                    gradientAccumulationSteps == 1 && stepsPerGeneration.isEmpty(),
                    "gradient_accumulation_steps and steps_per_generation count micro-batches of"
                            + " per_device_train_batch_size samples; set that too, or use updates_per_rollout");
        }
    }

    private static void requireCountable(String product, long a, long b, long c) {
        require(
                a <= Integer.MAX_VALUE / b && a * b <= Integer.MAX_VALUE / c,
                product + " are more samples of a rollout than can be counted (" + Integer.MAX_VALUE + "); lower them");
    }

    /** The prompts of a rollout that settings in TRL's terms make. */
    public static int prompts(int batchSize, int steps, int numGenerations) {
        return Math.clamp((long) batchSize * steps / numGenerations, 1, Integer.MAX_VALUE);
    }

    /** How a rollout becomes optimizer steps. */
    public StepPlan plan(int updatesPerRollout) {
        if (perDeviceTrainBatchSize.isEmpty()) {
            return new StepPlan(promptsPerStep, 1, updatesPerRollout, numIterations, 1, false);
        }
        int steps = stepsPerGeneration.orElse(gradientAccumulationSteps);
        int generations = Math.max(1, gradientAccumulationSteps / (steps * numIterations));
        return new StepPlan(promptsPerStep, generations, steps, numIterations, gradientAccumulationSteps, true);
    }

    /** Whether the run is said in TRL's terms. */
    public boolean isTrl() {
        return perDeviceTrainBatchSize.isPresent();
    }

    /** How completions are sampled, from the whole distribution. */
    public GenerationConfig sampling(long seed) {
        return GenerationConfig.sampling(maxCompletionLength, (float) temperature, seed);
    }
}
