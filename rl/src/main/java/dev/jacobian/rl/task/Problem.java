// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task;

import dev.jacobian.io.chat.ChatRow;
import dev.jacobian.rl.episode.Episode;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.transformer.generation.FinishReason;
import java.util.Map;
import java.util.Optional;

/**
 * Something to answer.
 *
 * @param id the same for the same problem in every run, different for different problems
 * @param prompt what the model sees; of a conversation its messages as JSON
 * @param columns what the reward functions see besides
 * @param chat the conversation, if it is one: the model sees what its chat template makes of it
 */
public record Problem(String id, String prompt, Columns columns, Optional<ChatRow> chat) {

    /** A prompt that is a text. */
    public Problem(String id, String prompt, Columns columns) {
        this(id, prompt, columns, Optional.empty());
    }

    /** With columns from a map of JSON-like values. */
    public Problem(String id, String prompt, Map<String, Object> columns) {
        this(id, prompt, new Columns(columns));
    }

    /** A completion of this problem's prompt. */
    public Completion completion(String text, int[] tokenIds, FinishReason finishReason) {
        return completion(text, tokenIds, finishReason, Optional.empty());
    }

    /** The same with what happened in an environment. */
    public Completion completion(String text, int[] tokenIds, FinishReason finishReason, Optional<Episode> episode) {
        return new Completion(id, prompt, columns, text, tokenIds, finishReason, episode);
    }
}
