// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.promptset;

import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.NullNode;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.task.JsonlTask;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * How hard prompts are for a model: the share of its completions at a rather high temperature that solve one (k1.5 draws ten from its
 * fine-tuned model), and perhaps only those that are neither too hard nor too easy to learn from.
 *
 * @param completions what is sampled of each prompt, and by whom
 * @param rows the problems of the data that is looked at
 * @param lowest pass rate that is kept
 * @param highest pass rate that is kept
 */
public record Difficulty(SampledPrompts completions, JsonlTask rows, double lowest, double highest)
        implements PromptTool {

    /** Checks the numbers. */
    public Difficulty {
        if (!(lowest >= 0 && lowest <= highest && highest <= 1)) {
            throw new IllegalArgumentException("pass rates lie between 0 and 1, the lowest not above the highest");
        }
    }

    @Override
    public String measure() {
        int samples = completions.samples();
        return "pass rate of " + samples + (samples == 1 ? " completion" : " completions");
    }

    @Override
    public List<String> bins() {
        List<String> bins = new ArrayList<>();
        for (int solved = 0; solved <= completions.samples(); solved++) {
            bins.add(new SampledPrompts.Count(solved, completions.samples()).toString());
        }
        return bins;
    }

    @Override
    public List<Finding> find(Rows data) {
        List<Finding> findings = Finding.list();
        for (SampledPrompts.Count count : completions.counts(rows.inOrder())) {
            double rate = count.solved() / (double) count.judged();
            findings.add(new Finding(
                    rate >= lowest && rate <= highest,
                    count.toString(),
                    Map.of(
                            "pass_rate",
                            count.judged() == 0 ? NullNode.instance : DoubleNode.valueOf(rate),
                            "pass_rate_samples",
                            IntNode.valueOf(count.judged()))));
        }
        return findings;
    }
}
