// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.tensor.Segments;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.MemoryPlan;
import dev.jacobian.transformer.MemoryPlanner;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Predicts the memory of a run and advises on it, from the length of the longest example: all are assumed to be as long.
 *
 * @param exampleTokens tokens of the longest example
 * @param teaching what the run has beside
 */
record OfflineMemory(CausalLM model, OfflineConfig config, int exampleTokens, Teaching<?> teaching) {
    /** The plan of the run as it is configured. */
    MemoryPlan plan() {
        return plan(config.memory().microBatchTokens(), config.memory().gradientCheckpointing());
    }

    private MemoryPlan plan(int microBatchTokens, boolean checkpointing) {
        int together = Math.clamp(microBatchTokens / exampleTokens, 1, config.perDeviceTrainBatchSize());
        int[] lengths = new int[together];
        Arrays.fill(lengths, exampleTokens);
        MemoryPlanner planner = teaching.reading().plan(MemoryPlanner.training(model));
        teaching.teachers().forEach(planner::beside);
        boolean second = teaching.teachers().isEmpty()
                && config.method().needsReference()
                && (!config.method().referenceConfig().precomputeRefLogProbs()
                        || config.method().scoresAside());
        return (second ? planner.reference() : planner)
                .step(Segments.of(lengths), together * (exampleTokens - 1), checkpointing)
                .plan();
    }

    /**
     * Refuses a run that cannot fit.
     *
     * @throws IllegalStateException with what would help
     */
    void require() {
        String what =
                config.method() instanceof Sft ? "fine-tuning" : config.method().name();
        plan().require(what + " on examples of up to " + exampleTokens + " tokens", this::advice);
    }

    private List<String> advice() {
        List<String> advice = new ArrayList<>();
        MemoryPlan.largestThatFits(
                        config.memory().microBatchTokens(),
                        tokens -> plan(tokens, config.memory().gradientCheckpointing()))
                .ifPresent(tokens -> advice.add("micro_batch_tokens=" + tokens));
        if (!config.memory().gradientCheckpointing()) {
            advice.add("gradient_checkpointing=true (then "
                    + MemoryPlan.size(
                            plan(config.memory().microBatchTokens(), true).bytes()) + ")");
        }
        return advice;
    }
}
