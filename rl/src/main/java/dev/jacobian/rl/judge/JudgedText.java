// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.judge;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.ChatRow;
import dev.jacobian.io.chat.Messages;
import dev.jacobian.rl.sft.ExampleTokens;
import dev.jacobian.rl.sft.SftExample;
import dev.jacobian.transformer.CausalLM;
import java.util.Arrays;
import java.util.Optional;

/**
 * Prompt and completion as a model that scores them was trained on them.
 *
 * <p>A prompt that is the JSON of a conversation, as a {@link dev.jacobian.rl.task.Problem} of one has it, goes through the model's chat
 * template.
 */
final class JudgedText {
    private final CausalLM model;
    private final ExampleTokens tokens;

    JudgedText(CausalLM model) {
        this.model = model;
        this.tokens = new ExampleTokens(model, false, Optional.empty());
    }

    /** @param ended whether the completion ended by itself */
    int[] tokens(String prompt, String completion, boolean ended) {
        Optional<JsonNode> conversation = conversation(prompt);
        int[] all = tokens.encode(
                        conversation.isPresent()
                                ? SftExample.of(row(conversation.get(), completion))
                                : new SftExample(prompt, completion))
                .tokens();
        boolean withoutEnd =
                !ended && conversation.isEmpty() && model.eosTokenIds().contains(all[all.length - 1]);
        return withoutEnd ? Arrays.copyOf(all, all.length - 1) : all;
    }

    private static ChatRow row(JsonNode messages, String completion) {
        ObjectNode row = Json.object();
        row.set("prompt", messages);
        row.putArray("completion").addObject().put("role", "assistant").put("content", completion);
        return ChatRow.read(row, "prompt", "the completion");
    }

    /** The messages that a prompt is; empty if it is a text. */
    static Optional<JsonNode> conversation(String prompt) {
        if (!prompt.startsWith("[")) {
            return Optional.empty();
        }
        try {
            return Optional.of(Json.parse(prompt, "the prompt")).filter(Messages::isConversation);
        } catch (FormatException noJson) {
            return Optional.empty();
        }
    }
}
