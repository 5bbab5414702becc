// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sft;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.chat.Chat;
import dev.jacobian.io.chat.ChatRow;
import dev.jacobian.io.chat.ChatTemplate;
import dev.jacobian.io.chat.RenderedChat;
import dev.jacobian.io.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Optional;

/**
 * Conversations as token ids, by the rules of TRL: the chat template renders the whole, and what it renders of the prompt alone must
 * be the beginning of that. Otherwise the model would learn behind another prompt than the one that it will be given; so it is an
 * error, where TRL warns.
 */
final class ConversationTokens {
    private final Tokenizer tokenizer;
    private final Optional<ChatTemplate> template;
    private final boolean assistantOnly;

    /** @param assistantOnly whether only what the assistant says is learned */
    ConversationTokens(Tokenizer tokenizer, boolean assistantOnly) {
        this.tokenizer = tokenizer;
        this.template = ChatTemplate.of(tokenizer.config(), "the model");
        this.assistantOnly = assistantOnly;
    }

    /** @throws FormatException if there is no template, or it does not take the conversation */
    ExampleTokens.Encoded encode(ChatRow row) {
        ChatTemplate usual = template.orElseGet(() -> ChatTemplate.require(tokenizer.config(), "the model"));
        Chat whole = row.whole();
        RenderedChat rendered = usual.render(whole);
        int[] tokens = rendered.encode(tokenizer);
        int promptLength = row.hasCompletion() ? promptLength(usual.render(row.prompt()), rendered, tokens) : 0;
        ExampleTokens.Encoded encoded = ExampleTokens.Encoded.behind(promptLength, tokens);
        return assistantOnly ? onlyAssistant(usual, whole, rendered, encoded) : encoded;
    }

    private int promptLength(RenderedChat prompt, RenderedChat whole, int[] tokens) {
        int[] given = prompt.encode(tokenizer);
        boolean begins = whole.text().startsWith(prompt.text())
                && tokens.length >= given.length
                && Arrays.equals(given, 0, given.length, tokens, 0, given.length);
        if (!begins) {
            throw new FormatException(
                    "the conversation",
                    "what the chat template makes of the prompt is not the beginning of what it makes of prompt and"
                            + " completion",
                    "Pass the variables with which it is (chat_template_kwargs), or give 'prompt' and 'completion' as"
                            + " texts");
        }
        return given.length;
    }

    private ExampleTokens.Encoded onlyAssistant(
            ChatTemplate usual, Chat whole, RenderedChat rendered, ExampleTokens.Encoded encoded) {
        if (!usual.marksGenerations(whole)) {
            throw new FormatException(
                    "the model's chat template",
                    "assistant_only_loss needs a chat template that marks what the assistant says, and this one has no"
                            + " {% generation %}",
                    "Put {% generation %} and {% endgeneration %} around it in the template, or leave"
                            + " assistant_only_loss out");
        }
        BitSet learned = rendered.assistantTokens(tokenizer, encoded.tokens());
        learned.and(encoded.learned());
        return new ExampleTokens.Encoded(encoded.tokens(), learned);
    }
}
