// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import dev.jacobian.transformer.generation.FinishReason;

/**
 * One completion with the problem that it answers: all that a reward function sees.
 *
 * @param problemId names the problem in messages
 * @param prompt the text before the completion
 * @param columns the problem's other data
 * @param text the completion, without the tokens that end and pad it; other special tokens are kept
 * @param tokenIds the sampled tokens, end token included; copied in and out, so that nobody changes what is trained on
 * @param finishReason why it ended
 */
public record Completion(
        String problemId, String prompt, Columns columns, String text, int[] tokenIds, FinishReason finishReason) {
    public Completion {
        tokenIds = tokenIds.clone();
    }

    @Override
    public int[] tokenIds() {
        return tokenIds.clone();
    }
}
