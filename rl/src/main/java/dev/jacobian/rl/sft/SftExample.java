// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sft;

import dev.jacobian.io.Json;
import dev.jacobian.io.chat.ChatRow;
import java.util.Optional;

/**
 * One demonstration, as a text or as a conversation.
 *
 * <p>Of a text the loss counts the completion's tokens and an end token after them, not the prompt's. Of a conversation with a prompt it
 * counts what the chat template makes of the completion, and of one without a prompt everything; with {@code
 * assistant_only_loss} only what the assistant says. Nothing is added to a conversation: its template has its own end tokens.
 *
 * @param prompt what the model sees; of a conversation its messages as JSON, for messages only
 * @param completion what it should say
 * @param chat the conversation, if it is one
 * @param isText whether it is a text without a prompt, all of which is learned
 */
public record SftExample(String prompt, String completion, Optional<ChatRow> chat, boolean isText) {
    /** A text. */
    public SftExample(String prompt, String completion) {
        this(prompt, completion, Optional.empty(), false);
    }

    /** A text without a prompt. */
    public static SftExample text(String text) {
        return new SftExample("", text, Optional.empty(), true);
    }

    /** A conversation. */
    public static SftExample of(ChatRow row) {
        return new SftExample(
                Json.compact(row.chat().messages()), Json.compact(row.completion()), Optional.of(row), false);
    }
}
