// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.promptset;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.Messages;
import dev.jacobian.io.rows.Row;
import dev.jacobian.io.rows.Rows;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;

/** The text of a prompt, whichever way a row has it, and its words. */
final class PromptText {
    private static final Pattern NO_WORD = Pattern.compile("[^\\p{L}\\p{M}\\p{N}]+");
    private static final String PROMPT = "prompt";
    private static final List<String> NAMES = List.of(PROMPT, "question", "problem");

    private PromptText() {}

    /** Hands out every row's prompt. */
    static void forEach(Rows data, BiConsumer<JsonNode, String> consumer) {
        data.forEach(row -> {
            JsonNode json = row.json();
            consumer.accept(json, of(json.path(PROMPT), row));
        });
    }

    /** The prompt of a row of another set: {@code prompt}, {@code question} or {@code problem}, whichever comes first. */
    static String ofAny(Row row) {
        JsonNode json = row.json();
        String column = NAMES.stream().filter(json::hasNonNull).findFirst().orElse(PROMPT);
        return of(json.path(column), row);
    }

    /** A text, or what users say in a conversation. */
    private static String of(JsonNode prompt, Row row) {
        if (prompt.isTextual()) {
            return prompt.textValue();
        }
        if (!Messages.isConversation(prompt)) {
            throw new FormatException(
                    row.where(),
                    "'prompt' must be a string or a list of messages, found " + Json.excerpt(prompt),
                    "Correct the row, or name the column that holds the prompt (--column prompt=COLUMN)");
        }
        StringBuilder said = new StringBuilder();
        for (JsonNode message : prompt) {
            if (message.path("role").asText().equals("user")) {
                said.append(said.isEmpty() ? "" : "\n").append(content(message.path("content")));
            }
        }
        return said.toString();
    }

    /** A message's text, or the texts among its parts. */
    private static String content(JsonNode content) {
        StringBuilder text = new StringBuilder(content.isTextual() ? content.textValue() : "");
        for (JsonNode part : content) {
            text.append(part.path("text").asText());
        }
        return text.toString();
    }

    /** Words in lower case, in Unicode's compatible form; what stands between them, punctuation included, does not count. */
    static List<String> words(String text) {
        String plain = Normalizer.normalize(text, Normalizer.Form.NFKC).toLowerCase(Locale.ROOT);
        List<String> words = new ArrayList<>(List.of(NO_WORD.split(plain)));
        words.removeIf(String::isEmpty);
        return words;
    }
}
