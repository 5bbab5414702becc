// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.chat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import java.util.List;

/**
 * A conversation in a row of a data set, with TRL's columns: {@code messages}, or {@code prompt} and perhaps {@code completion} as
 * lists of messages; {@code tools} (a list, or JSON in a string), {@code documents} and {@code chat_template_kwargs} beside them.
 * Other columns are not the template's.
 *
 * @param chat the messages, or those of the prompt, with what else the template is given
 * @param completion the messages behind those of a prompt; empty for {@code messages}, and where there is only a prompt
 */
public record ChatRow(Chat chat, ArrayNode completion) {
    private static final List<String> BESIDE = List.of("tools", "documents", "chat_template_kwargs");

    /** Whether a row's column holds a conversation. */
    public static boolean has(JsonNode row, String column) {
        return Messages.isConversation(row.path(column));
    }

    /**
     * Reads a row.
     *
     * @param column {@code messages} or {@code prompt}
     * @throws FormatException naming the row and the column, if it is not as described
     */
    public static ChatRow read(JsonNode row, String column, String where) {
        ObjectNode parts = Json.object();
        parts.set("messages", Messages.require(row.path(column), where + ", " + column));
        for (String key : BESIDE) {
            if (row.hasNonNull(key)) {
                parts.set(key, row.get(key));
            }
        }
        if (parts.path("tools").isTextual()) {
            parts.set("tools", parsed(parts.get("tools").textValue(), where + ", tools"));
        }
        ArrayNode completion = row.hasNonNull("completion") && !column.equals("messages")
                ? Messages.require(row.get("completion"), where + ", completion")
                : Json.object().arrayNode();
        return new ChatRow(Chat.read(parts, where), completion);
    }

    private static JsonNode parsed(String tools, String where) {
        try {
            return Json.parse(tools, where);
        } catch (FormatException e) {
            throw new FormatException(
                    e.where(), e.what(), "Give a list of schemas, or such a list as JSON in a string", e);
        }
    }

    /**
     * The prompt as a model is given it: the assistant speaks next, or goes on where the prompt's last message is its own.
     */
    public Chat prompt() {
        boolean continued = Messages.lastRole(chat.messages()).equals("assistant");
        return chat.withGenerationPrompt(!continued).withContinuedMessage(continued);
    }

    /** The same with a text at the end of the last message, if that is the user's, or else in one of its own. */
    public ChatRow saying(String text) {
        ArrayNode messages = chat.messages().deepCopy();
        if (messages.path(messages.size() - 1) instanceof ObjectNode user
                && user.path("role").asText().equals("user")) {
            if (user.path("content") instanceof ArrayNode parts) {
                parts.addObject().put("type", "text").put("text", text);
            } else {
                user.put("content", user.path("content").asText() + text);
            }
        } else {
            messages.add(ChatBridge.user(text));
        }
        return new ChatRow(chat.withMessages(messages), completion);
    }

    /** The whole conversation, as it is learned. */
    public Chat whole() {
        return chat.withMessages(chat.messages().deepCopy().addAll(completion));
    }

    /** Whether only the completion is learned. */
    public boolean hasCompletion() {
        return !completion.isEmpty();
    }
}
