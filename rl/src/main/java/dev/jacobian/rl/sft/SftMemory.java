// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sft;

import dev.jacobian.tensor.Segments;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.MemoryPlan;
import dev.jacobian.transformer.MemoryPlanner;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Predicts the memory of a fine-tuning run and advises on it, from the length of the longest example: all are assumed
 * to be as long.
 */
final class SftMemory {
    private final CausalLM model;
    private final SftConfig config;
    private final int exampleTokens;

    /** @param exampleTokens tokens of the longest example */
    SftMemory(CausalLM model, SftConfig config, int exampleTokens) {
        this.model = model;
        this.config = config;
        this.exampleTokens = exampleTokens;
    }

    /** The plan of the run as it is configured. */
    MemoryPlan plan() {
        return plan(config.memory().microBatchTokens(), config.memory().gradientCheckpointing());
    }

    private MemoryPlan plan(int microBatchTokens, boolean checkpointing) {
        int together = Math.clamp(microBatchTokens / exampleTokens, 1, config.batchSize());
        int[] lengths = new int[together];
        Arrays.fill(lengths, exampleTokens);
        return MemoryPlanner.training(model)
                .step(Segments.of(lengths), together * (exampleTokens - 1), checkpointing)
                .plan();
    }

    /**
     * Refuses a run that cannot fit.
     *
     * @throws IllegalStateException with what would help
     */
    void require() {
        plan().require("fine-tuning on examples of up to " + exampleTokens + " tokens", this::advice);
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
