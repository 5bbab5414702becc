// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.promptset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.ChatRow;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.task.JsonlTask;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * Drops prompts whose answer a model guesses without reasoning: it is asked for the answer alone, {@code guesses} times, and a prompt
 * goes if one of them is right (k1.5 asks eight times). What can be guessed teaches guessing.
 *
 * @param model guesses
 * @param rows the problems of the data that is looked at
 * @param task their rewards
 * @param guesses of each prompt
 * @param instruction what is written behind a prompt
 * @param generation how to sample; a guess is short
 * @param progress is told how many prompts are done
 */
public record EasyToGuess(
        CausalLM model,
        JsonlTask rows,
        Task task,
        int guesses,
        String instruction,
        GenerationConfig generation,
        IntConsumer progress)
        implements PromptTool {
    /** Asks for the answer in the form that rewards look for. */
    public static final String INSTRUCTION =
            "\nGive only the final answer, between <answer> and </answer>, without any reasoning.\n";

    /** Checks the numbers. */
    public EasyToGuess {
        if (guesses < 1) {
            throw new IllegalArgumentException("at least one guess is needed, found " + guesses);
        }
    }

    @Override
    public String measure() {
        return "right ones of " + guesses + " guesses without reasoning";
    }

    @Override
    public List<String> bins() {
        List<String> bins = new ArrayList<>();
        for (int right = 0; right <= guesses; right++) {
            bins.add(right + "/" + guesses);
        }
        return bins;
    }

    @Override
    public List<Finding> find(Rows data) {
        List<Problem> asked = rows.inOrder().stream().map(this::asked).toList();
        int[] solved = new SampledPrompts(model, task, guesses, generation, progress).solved(asked);
        List<Finding> findings = new ArrayList<>();
        for (int right : solved) {
            Map<String, JsonNode> columns =
                    Map.of("guesses_right", IntNode.valueOf(right), "guesses", IntNode.valueOf(guesses));
            findings.add(new Finding(right == 0, right + "/" + guesses, columns));
        }
        return findings;
    }

    /** The problem with the instruction: behind its text, or behind what is said last in a conversation. */
    private Problem asked(Problem problem) {
        return new Problem(
                problem.id(),
                problem.prompt() + instruction,
                problem.columns(),
                problem.chat().map(this::asked));
    }

    private ChatRow asked(ChatRow row) {
        ArrayNode messages = row.chat().messages().deepCopy();
        JsonNode last = messages.get(messages.size() - 1);
        if (last instanceof ObjectNode message
                && message.path("role").asText().equals("user")
                && message.path("content").isTextual()) {
            message.put("content", message.get("content").textValue() + instruction);
        } else {
            ObjectNode more = Json.object();
            more.put("role", "user");
            more.put("content", instruction.strip());
            messages.add(more);
        }
        return new ChatRow(row.chat().withMessages(messages), row.completion());
    }
}
