// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.promptset;

import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.task.JsonlTask;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * How hard prompts are for a model: the share of its completions at a rather high temperature that solve one (k1.5 draws ten from its
 * fine-tuned model), and perhaps only those that are neither too hard nor too easy to learn from.
 *
 * @param model whose difficulty it is
 * @param rows the problems of the data that is looked at
 * @param task their rewards
 * @param samples completions of each prompt
 * @param lowest pass rate that is kept
 * @param highest pass rate that is kept
 * @param generation how to sample
 * @param progress is told how many prompts are done
 */
public record Difficulty(
        CausalLM model,
        JsonlTask rows,
        Task task,
        int samples,
        double lowest,
        double highest,
        GenerationConfig generation,
        IntConsumer progress)
        implements PromptTool {

    /** Checks the numbers. */
    public Difficulty {
        if (samples < 1 || !(lowest >= 0 && lowest <= highest && highest <= 1)) {
            throw new IllegalArgumentException(
                    "pass rates lie between 0 and 1, the lowest not above the highest, and take a sample at least");
        }
    }

    @Override
    public String measure() {
        return "pass rate of " + samples + (samples == 1 ? " completion" : " completions");
    }

    @Override
    public List<String> bins() {
        List<String> bins = new ArrayList<>();
        for (int solved = 0; solved <= samples; solved++) {
            bins.add(bin(solved));
        }
        return bins;
    }

    private String bin(int solved) {
        return String.format(Locale.ROOT, "%d/%d", solved, samples);
    }

    @Override
    public List<Finding> find(Rows data) {
        List<Problem> problems = rows.inOrder();
        int[] solved = new SampledPrompts(model, task, samples, generation, progress).solved(problems);
        List<Finding> findings = new ArrayList<>();
        for (int right : solved) {
            double rate = right / (double) samples;
            findings.add(new Finding(
                    rate >= lowest && rate <= highest,
                    bin(right),
                    Map.of("pass_rate", DoubleNode.valueOf(rate), "pass_rate_samples", IntNode.valueOf(samples))));
        }
        return findings;
    }
}
