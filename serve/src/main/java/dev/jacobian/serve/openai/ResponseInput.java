// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.serve.http.RequestFields;
import dev.jacobian.serve.http.WebException;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The conversation of a request to {@code /v1/responses}, as the messages that {@code /v1/chat/completions} takes.
 *
 * <p>{@code input} is a text of the user or a list of messages, whose content is a text or parts of text; messages that an earlier
 * response gave may be among them. {@code instructions} stand before it.
 */
final class ResponseInput {
    private static final Set<String> TEXTS = Set.of("input_text", "output_text", "text");

    /** Of a message; one of an earlier response has an id and a status too. */
    private static final List<String> KEPT = List.of("role", "content");

    private ResponseInput() {}

    static ArrayNode messages(RequestFields fields) {
        ArrayNode messages = Json.object().arrayNode();
        fields.string("instructions").ifPresent(text -> messages.add(message("developer", text)));
        JsonNode input = fields.get("input");
        if (input.isTextual()) {
            return messages.add(message("user", input.textValue()));
        }
        if (!input.isArray() || input.isEmpty()) {
            throw RequestFields.wrong("input", "a string or an array of messages", input);
        }
        for (int i = 0; i < input.size(); i++) {
            messages.add(message(input.get(i), "input[" + i + "]"));
        }
        return messages;
    }

    private static ObjectNode message(String role, String text) {
        return Json.object().put("role", role).put("content", text);
    }

    private static ObjectNode message(JsonNode item, String path) {
        if (!(item instanceof ObjectNode)
                || !item.path("type").asText("message").equals("message")) {
            throw WebException.invalid(
                    path + ".type",
                    path + " is no message (" + Json.excerpt(item.path("type")) + "); only messages are read here");
        }
        ObjectNode message = Json.object();
        KEPT.forEach(key -> Optional.ofNullable(item.get(key)).ifPresent(value -> message.set(key, value)));
        if (message.path("content").isArray()) {
            ArrayNode parts = message.putArray("content");
            for (JsonNode part : item.get("content")) {
                String type = part.path("type").asText("");
                parts.add(
                        TEXTS.contains(type)
                                ? Json.object().put("type", "text").set("text", part.path("text"))
                                : part); // refused with its place
            }
        }
        return message;
    }
}
