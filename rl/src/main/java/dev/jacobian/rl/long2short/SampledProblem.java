// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.long2short;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.Chat;
import dev.jacobian.io.chat.ChatRow;
import dev.jacobian.rl.task.Problem;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * A problem with some completions of it.
 *
 * @param problem what was asked
 * @param answers in the order in which they were drawn
 */
public record SampledProblem(Problem problem, List<Answer> answers) {
    public SampledProblem {
        answers = List.copyOf(answers);
    }

    /**
     * A completion.
     *
     * @param text what was said
     * @param tokens how long it was
     * @param verdict what its reward says
     * @param ended whether the model ended it, and no limit did
     */
    public record Answer(String text, int tokens, Verdict verdict, boolean ended) {
        /** Whether it may be shown as an example: right, and said to its end. */
        boolean isGood() {
            return verdict == Verdict.CORRECT && ended;
        }
    }

    /** What a reward says of a completion. */
    public enum Verdict {
        /** It solves the problem. */
        CORRECT,
        /** It does not. */
        WRONG,
        /** The reward failed, so nothing is known. */
        UNKNOWN
    }

    /** The shortest right completion, of equally short ones the first; empty if none is right. */
    Optional<Answer> shortestCorrect() {
        return answers.stream()
                .filter(Answer::isGood)
                .min(Comparator.comparingInt(Answer::tokens)); // min keeps the first
    }

    /** How many are right. */
    int correct() {
        return (int) answers.stream()
                .filter(answer -> answer.verdict() == Verdict.CORRECT)
                .count();
    }

    /** The start of a row of data: the prompt as the problem has it, a text, or messages with what their template is given besides. */
    ObjectNode row() {
        ObjectNode row = Json.object();
        if (problem.chat().isEmpty()) {
            return row.put("prompt", problem.prompt());
        }
        Chat chat = problem.chat().map(ChatRow::chat).orElseThrow();
        row.set("prompt", chat.messages());
        put(row, "tools", chat.tools());
        put(row, "documents", chat.documents());
        put(row, "chat_template_kwargs", chat.variables());
        return row;
    }

    private static void put(ObjectNode row, String column, JsonNode value) {
        if (!value.isEmpty()) {
            row.set(column, value);
        }
    }

    /** A completion in the prompt's form. */
    JsonNode said(Answer answer) {
        if (problem.chat().isEmpty()) {
            return TextNode.valueOf(answer.text());
        }
        ArrayNode messages = Json.object().arrayNode();
        messages.addObject().put("role", "assistant").put("content", answer.text());
        return messages;
    }
}
