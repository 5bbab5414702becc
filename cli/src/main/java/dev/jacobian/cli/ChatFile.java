// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.Chat;
import dev.jacobian.io.chat.Messages;
import java.nio.file.Path;

/**
 * A conversation in a JSON file: an array of messages, or an object with {@code messages}, {@code tools} and whatever else the
 * template reads.
 *
 * @param chat what it says
 * @param given whether it says itself how the text is to end
 */
record ChatFile(Chat chat, boolean given) {
    static ChatFile read(Path file) {
        JsonNode json = Json.read(file);
        return new ChatFile(
                Chat.read(json, file.toString()),
                json.has("add_generation_prompt") || json.has("continue_final_message"));
    }

    /** One message of a user. */
    static ChatFile of(String message) {
        JsonNode messages =
                Json.object().arrayNode().add(Json.object().put("role", "user").put("content", message));
        return new ChatFile(Chat.of(messages, "--message"), false);
    }

    /**
     * The conversation as a prompt. If the file does not say how it is to end, a conversation whose last word the assistant has is
     * continued within that message, any other one with a new message of the assistant: as in transformers' pipelines.
     */
    Chat prompt() {
        boolean continued = Messages.lastRole(chat.messages()).equals("assistant");
        return given ? chat : chat.withGenerationPrompt(!continued).withContinuedMessage(continued);
    }
}
