// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.selection;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.JsonFields;
import dev.jacobian.io.chat.Chat;
import dev.jacobian.io.chat.ChatRow;
import dev.jacobian.rl.task.Problem;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
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
        return said(answer.text());
    }

    /** A text in the prompt's form: itself, or a turn of the assistant. */
    JsonNode said(String text) {
        if (problem.chat().isEmpty()) {
            return TextNode.valueOf(text);
        }
        ArrayNode messages = Json.object().arrayNode();
        messages.addObject().put("role", "assistant").put("content", text);
        return messages;
    }

    /** The completions as JSON, for a file of a stage. */
    public ArrayNode toJson() {
        ArrayNode all = Json.object().arrayNode();
        for (Answer answer : answers) {
            all.addObject()
                    .put("text", answer.text())
                    .put("tokens", answer.tokens())
                    .put("verdict", answer.verdict().name().toLowerCase(Locale.ROOT))
                    .put("ended", answer.ended());
        }
        return all;
    }

    /**
     * Completions that {@link #toJson} has written.
     *
     * @param where names the file in errors
     * @throws dev.jacobian.io.FormatException for what it has not written
     */
    public static SampledProblem of(Problem problem, JsonNode completions, String where) {
        List<Answer> answers = new ArrayList<>();
        for (JsonNode one : completions) {
            JsonFields fields = JsonFields.of(one, where);
            String verdict = fields.string("verdict");
            answers.add(new Answer(
                    fields.string("text"),
                    Math.toIntExact(fields.integer("tokens")),
                    Arrays.stream(Verdict.values())
                            .filter(known -> known.name().equalsIgnoreCase(verdict))
                            .findFirst()
                            .orElseThrow(() -> new FormatException(
                                    where, "there is no verdict '" + verdict + "'", "Remove the file to draw anew")),
                    fields.bool("ended", false)));
        }
        return new SampledProblem(problem, answers);
    }
}
