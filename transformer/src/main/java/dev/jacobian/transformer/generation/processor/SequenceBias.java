// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation.processor;

import java.util.Arrays;
import java.util.List;

/**
 * Adds to the logit of the last token of each of some sequences, where the tokens before it are the last ones so far. A sequence of
 * one token is always biased, one that is longer than all tokens so far never.
 *
 * @param biases sequences and what is added
 */
public record SequenceBias(List<Bias> biases) implements LogitsProcessor {
    /**
     * What one sequence's last token gets.
     *
     * @param tokens at least one
     * @param bias what is added; −∞ rules the token out
     */
    public record Bias(int[] tokens, float bias) {
        public Bias {
            if (tokens.length == 0 || Arrays.stream(tokens).anyMatch(token -> token < 0)) {
                throw new IllegalArgumentException(
                        "a biased sequence needs one token id or more, none negative, got " + Arrays.toString(tokens));
            }
        }

        private boolean applies(TokenHistory history) {
            return tokens.length == 1
                    || tokens.length <= history.length() && history.endsWith(Arrays.copyOf(tokens, tokens.length - 1));
        }
    }

    public SequenceBias {
        biases = List.copyOf(biases);
    }

    @Override
    public void process(TokenHistory tokens, float[] logits) {
        float[] sum = new float[logits.length]; // [V]; transformers adds the biases up first, and so rounds as here
        for (Bias bias : biases) {
            int last = bias.tokens[bias.tokens.length - 1];
            if (last >= logits.length) {
                throw new IllegalArgumentException("sequence_bias, bad_words_ids or logit_bias has token id " + last
                        + ", but the vocabulary has " + logits.length);
            }
            if (bias.applies(tokens)) {
                sum[last] += bias.bias;
            }
        }
        for (int id = 0; id < logits.length; id++) {
            logits[id] += sum[id];
        }
    }

    /**
     * A processor that never lets any of some sequences be completed. A sequence that is one end token alone is not ruled out.
     *
     * @param badWords token ids of each
     * @param endTokens ids that end a continuation
     */
    public static SequenceBias badWords(List<int[]> badWords, int[] endTokens) {
        return new SequenceBias(badWords.stream()
                .filter(word -> word.length != 1 || Arrays.stream(endTokens).noneMatch(end -> end == word[0]))
                .map(word -> new Bias(word, Float.NEGATIVE_INFINITY))
                .toList());
    }
}
