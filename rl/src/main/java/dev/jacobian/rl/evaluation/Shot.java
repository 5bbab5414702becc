// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.evaluation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.Jsonl;
import dev.jacobian.io.chat.ChatRow;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A solved example to show a model before a problem.
 *
 * @param prompt text; empty for a conversation
 * @param completion text behind it
 * @param messages the same as turns of user and assistant
 */
public record Shot(String prompt, String completion, ArrayNode messages) {
    /**
     * The rows of a file with {@code prompt} and {@code completion}, as strings or as lists of messages, or with {@code messages}.
     *
     * @throws FormatException naming the first row that is not so
     */
    public static List<Shot> read(Path file) {
        List<Shot> shots = new ArrayList<>();
        Jsonl.forEachLine(file, line -> shots.add(of(line.json(), file + ", line " + line.number())));
        return shots;
    }

    private static Shot of(JsonNode row, String where) {
        if (row.path("prompt").isTextual() && row.path("completion").isTextual()) {
            return of(row.get("prompt").textValue(), row.get("completion").textValue());
        }
        if (ChatRow.has(row, "messages")) {
            return new Shot("", "", ChatRow.read(row, "messages", where).whole().messages());
        }
        if (ChatRow.has(row, "prompt") && row.has("completion")) {
            return new Shot("", "", ChatRow.read(row, "prompt", where).whole().messages());
        }
        throw new FormatException(
                where,
                "an example needs 'prompt' and 'completion', as strings or as lists of messages, or 'messages'",
                "Write what was asked and how it was solved");
    }

    /** A text and what follows it. */
    public static Shot of(String prompt, String completion) {
        ArrayNode turns = Json.object().arrayNode();
        turns.addObject().put("role", "user").put("content", prompt);
        turns.addObject().put("role", "assistant").put("content", completion);
        return new Shot(prompt, completion, turns);
    }

    boolean isText() {
        return !prompt.isEmpty() || !completion.isEmpty();
    }
}
