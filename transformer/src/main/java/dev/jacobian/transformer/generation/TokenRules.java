// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import static dev.jacobian.transformer.generation.Checks.require;
import static dev.jacobian.transformer.generation.Checks.requireTokenIds;

import dev.jacobian.transformer.generation.processor.SequenceBias;
import java.util.List;
import java.util.OptionalInt;

/**
 * Which tokens are favoured, ruled out or forced, whatever the model says.
 *
 * @param logitBias added to the logits of single tokens (OpenAI)
 * @param sequenceBias added to the logit of the last token of each sequence where the others precede it
 * @param badWordsIds sequences that never occur
 * @param suppressTokens tokens that are never chosen
 * @param beginSuppressTokens tokens that are not chosen as the first
 * @param forcedBosTokenId the first token behind a prompt of one token
 * @param forcedEosTokenIds what the last token is when the limit is reached
 * @param removeInvalidValues make NaN and infinite logits finite
 */
public record TokenRules(
        List<SequenceBias.Bias> logitBias,
        List<SequenceBias.Bias> sequenceBias,
        List<int[]> badWordsIds,
        List<Integer> suppressTokens,
        List<Integer> beginSuppressTokens,
        OptionalInt forcedBosTokenId,
        List<Integer> forcedEosTokenIds,
        boolean removeInvalidValues) {
    /** No rules. */
    public static final TokenRules NONE = new TokenRules(
            List.of(), List.of(), List.of(), List.of(), List.of(), OptionalInt.empty(), List.of(), false);

    public TokenRules {
        logitBias = List.copyOf(logitBias);
        sequenceBias = List.copyOf(sequenceBias);
        badWordsIds = List.copyOf(badWordsIds);
        suppressTokens = List.copyOf(suppressTokens);
        beginSuppressTokens = List.copyOf(beginSuppressTokens);
        forcedEosTokenIds = List.copyOf(forcedEosTokenIds);
        for (int[] word : badWordsIds) {
            require(word.length > 0, "bad_words_ids has a sequence without tokens");
            requireTokenIds("bad_words_ids", word);
        }
        requireTokenIds("suppress_tokens", ints(suppressTokens));
        requireTokenIds("begin_suppress_tokens", ints(beginSuppressTokens));
        requireTokenIds("forced_eos_token_id", ints(forcedEosTokenIds));
        forcedBosTokenId.ifPresent(id -> requireTokenIds("forced_bos_token_id", id));
    }

    /** The largest token id that any rule names; −1 if none does. */
    int largestTokenId() {
        int largest = forcedBosTokenId.orElse(-1);
        for (List<Integer> ids : List.of(suppressTokens, beginSuppressTokens, forcedEosTokenIds)) {
            largest = Math.max(largest, ids.stream().mapToInt(id -> id).max().orElse(-1));
        }
        for (List<SequenceBias.Bias> biases : List.of(logitBias, sequenceBias)) {
            for (SequenceBias.Bias bias : biases) {
                largest = Math.max(largest, largest(bias.tokens()));
            }
        }
        for (int[] word : badWordsIds) {
            largest = Math.max(largest, largest(word));
        }
        return largest;
    }

    private static int largest(int[] ids) {
        int largest = -1;
        for (int id : ids) {
            largest = Math.max(largest, id);
        }
        return largest;
    }

    static int[] ints(List<Integer> ids) {
        return ids.stream().mapToInt(id -> id).toArray();
    }
}
