// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task;

import dev.jacobian.io.chat.ChatRow;
import dev.jacobian.io.chat.ChatTemplate;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.transformer.CausalLM;

/** Prompts as token ids: texts as the tokenizer begins a text, conversations as the model's chat template renders them. */
public final class PromptTokens {
    private final CausalLM model;
    private @Nullable ChatTemplate template; // once there is a conversation

    public PromptTokens(CausalLM model) {
        this.model = model;
    }

    /**
     * The ids of a problem's prompt.
     *
     * @throws dev.jacobian.io.FormatException if it is a conversation and there is no chat template, or none that takes it
     */
    public int[] of(Problem problem) {
        return problem.chat()
                .map(this::conversation)
                .orElseGet(() -> model.tokenizer().encodePrompt(problem.prompt()));
    }

    private int[] conversation(ChatRow row) {
        ChatTemplate usual = template;
        if (usual == null) {
            usual = ChatTemplate.require(model.tokenizer().config(), "the model");
            template = usual;
        }
        return usual.render(row.prompt()).encode(model.tokenizer());
    }
}
