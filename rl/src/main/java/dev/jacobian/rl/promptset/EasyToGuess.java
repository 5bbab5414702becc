// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.promptset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.io.spill.ListView;
import dev.jacobian.rl.task.JsonlTask;
import dev.jacobian.rl.task.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Drops prompts whose answer a model guesses without reasoning: it is asked for the answer alone, {@code guesses} times, and a prompt
 * goes if one of them is right (k1.5 asks eight times). What can be guessed teaches guessing.
 *
 * @param guesses what is sampled of each prompt, and by whom; a guess is short
 * @param rows the problems of the data that is looked at
 * @param instruction what is written behind a prompt
 */
public record EasyToGuess(SampledPrompts guesses, JsonlTask rows, String instruction) implements PromptTool {
    /** Asks for the answer in the form that rewards look for. */
    public static final String INSTRUCTION =
            "\nGive only the final answer, between <answer> and </answer>, without any reasoning.\n";

    @Override
    public String measure() {
        return "right ones of " + guesses.samples() + " guesses without reasoning";
    }

    @Override
    public List<String> bins() {
        List<String> bins = new ArrayList<>();
        for (int right = 0; right <= guesses.samples(); right++) {
            bins.add(new SampledPrompts.Count(right, guesses.samples()).toString());
        }
        return bins;
    }

    @Override
    public List<Finding> find(Rows data) {
        List<Problem> asked = ListView.mapped(rows.inOrder(), this::asked);
        List<Finding> findings = Finding.list();
        for (SampledPrompts.Count count : guesses.counts(asked)) {
            Map<String, JsonNode> columns = Map.of(
                    "guesses_right", IntNode.valueOf(count.solved()), "guesses", IntNode.valueOf(count.judged()));
            findings.add(new Finding(count.solved() == 0, count.toString(), columns));
        }
        return findings;
    }

    /** The problem with the instruction: behind its text, or behind what is said last in a conversation. */
    private Problem asked(Problem problem) {
        return new Problem(
                problem.id(),
                problem.prompt() + instruction,
                problem.columns(),
                problem.chat().map(row -> row.saying(instruction)));
    }
}
