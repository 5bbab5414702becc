// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import dev.jacobian.rl.episode.Episode;
import dev.jacobian.transformer.generation.FinishReason;
import java.util.Optional;

/**
 * One completion with the problem that it answers: all that a reward function sees.
 *
 * @param problemId names the problem in messages
 * @param prompt the text before the completion
 * @param columns the problem's other data
 * @param text the completion, without the tokens that end and pad it; other special tokens are kept. Of an episode with an
 *     environment the policy's last turn alone: what others wrote earns nothing
 * @param tokenIds the sampled tokens, end token included, of an episode also those of the environment's answers; copied in and out, so that nobody changes what is trained on
 * @param finishReason why it ended
 * @param episode what happened between the policy and its environment, if it has one; places are those in {@code tokenIds}
 */
public record Completion(
        String problemId,
        String prompt,
        Columns columns,
        String text,
        int[] tokenIds,
        FinishReason finishReason,
        Optional<Episode> episode) {
    /** Of a policy without an environment. */
    public Completion(
            String problemId, String prompt, Columns columns, String text, int[] tokenIds, FinishReason finishReason) {
        this(problemId, prompt, columns, text, tokenIds, finishReason, Optional.empty());
    }

    public Completion {
        tokenIds = tokenIds.clone();
    }

    @Override
    public int[] tokenIds() {
        return tokenIds.clone();
    }
}
