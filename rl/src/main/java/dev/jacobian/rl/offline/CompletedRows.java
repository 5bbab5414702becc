// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.Messages;

/**
 * Reads prompts with their completions: {@code prompt} and {@code completion}, {@code messages} of which the last is the completion,
 * recorded {@code prompt_ids} and {@code completion_ids}, or a {@code prompt} alone, which somebody is yet to complete.
 */
final class CompletedRows {
    private CompletedRows() {}

    static Completed read(JsonNode row, RowEncoder encoder) {
        if (row.has("prompt_ids") || row.has("completion_ids")) {
            return recorded(row, encoder);
        }
        if (row.has("messages")) {
            return of(lastApart(row), encoder);
        }
        return row.has("completion") ? of(row, encoder) : new Completed(encoder.prompt(row), new int[0], false);
    }

    private static Completed of(JsonNode row, RowEncoder encoder) {
        int[][] tokens = encoder.continued(row, "completion");
        return new Completed(tokens[0], tokens[1], false);
    }

    private static Completed recorded(JsonNode row, RowEncoder encoder) {
        int[] prompt = ids(row, "prompt_ids", encoder);
        int[] completion = ids(row, "completion_ids", encoder);
        encoder.requireFits(prompt.length + completion.length);
        boolean truncated = row.has("truncated")
                ? row.path("truncated").asBoolean()
                : completion.length == 0 || !encoder.isEnd(completion[completion.length - 1]);
        return new Completed(prompt, completion, truncated);
    }

    private static int[] ids(JsonNode row, String column, RowEncoder encoder) {
        JsonNode list = row.path(column);
        if (!list.isArray() || column.equals("prompt_ids") && list.isEmpty()) {
            throw new FormatException(
                    "the row",
                    "'" + column + "' must be a list of token ids, found " + Json.excerpt(list),
                    "Write one object with 'prompt_ids' and 'completion_ids' per line");
        }
        int[] ids = new int[list.size()];
        for (int i = 0; i < ids.length; i++) {
            JsonNode id = list.get(i);
            if (!id.isInt() || id.intValue() < 0 || id.intValue() >= encoder.vocabulary()) {
                throw new FormatException(
                        "the row",
                        "'" + column + "' has " + Json.excerpt(id) + ", which is no token of the model's "
                                + encoder.vocabulary(),
                        "Record completions with the model's own tokenizer");
            }
            ids[i] = id.intValue();
        }
        return ids;
    }

    /** A conversation with its last message as the completion. */
    private static ObjectNode lastApart(JsonNode row) {
        JsonNode messages = row.path("messages");
        boolean speaks = Messages.isConversation(messages)
                && messages.size() > 1
                && messages.get(messages.size() - 1).path("role").asText().equals("assistant");
        if (!speaks) {
            throw new FormatException(
                    "the row",
                    "'messages' must be a conversation whose last message is the assistant's, found "
                            + Json.excerpt(messages),
                    "The student learns that last message");
        }
        ObjectNode parts = row.deepCopy();
        parts.remove("messages");
        ArrayNode prompt = parts.putArray("prompt");
        for (int i = 0; i < messages.size() - 1; i++) {
            prompt.add(messages.get(i));
        }
        parts.putArray("completion").add(messages.get(messages.size() - 1));
        return parts;
    }
}
