// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.chat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;

/** Lists of messages. What a message holds besides its role is the template's business. */
public final class Messages {
    private Messages() {}

    /** Whether this could be a conversation: an array of objects with a role. */
    public static boolean isConversation(JsonNode json) {
        if (!json.isArray() || json.isEmpty()) {
            return false;
        }
        for (JsonNode message : json) {
            if (!message.isObject() || !message.has("role")) {
                return false;
            }
        }
        return true;
    }

    /**
     * The conversation.
     *
     * @throws FormatException if it is not one, or is empty
     */
    public static ArrayNode require(JsonNode json, String where) {
        if (!(json instanceof ArrayNode messages) || messages.isEmpty()) {
            throw new FormatException(
                    where,
                    "expected an array of at least one message, found "
                            + (json.isMissingNode() ? "nothing" : Json.excerpt(json)),
                    "Write it as [{\"role\": \"user\", \"content\": \"Hello\"}]");
        }
        for (int i = 0; i < messages.size(); i++) {
            JsonNode message = messages.get(i);
            if (!message.path("role").isTextual()) {
                throw new FormatException(
                        where + "[" + i + "]",
                        "a message is an object with a 'role', found " + Json.excerpt(message),
                        "Write it as {\"role\": \"user\", \"content\": \"Hello\"}");
            }
        }
        return messages;
    }

    /** The role of the last message. */
    public static String lastRole(ArrayNode messages) {
        return messages.get(messages.size() - 1).path("role").asText();
    }
}
