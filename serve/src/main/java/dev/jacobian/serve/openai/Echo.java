// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.openai;

import dev.jacobian.io.tokenizer.StreamingDecoder;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.transformer.generation.TokenScore;
import java.util.ArrayList;
import java.util.List;

/**
 * A prompt that stands before its completion.
 *
 * @param text without special tokens
 * @param tokens with what the model makes of each, where log-probabilities are asked for
 */
record Echo(String text, List<Scored> tokens) {
    /** Nothing is repeated. */
    static final Echo NONE = new Echo("", List.of());

    /**
     * A token of a prompt.
     *
     * @param token its id
     * @param score what the model makes of it; null for the first, which nothing stands before
     * @param offset characters of the text before it
     */
    record Scored(int token, @Nullable TokenScore score, int offset) {}

    static Echo of(Tokenizer tokenizer, int[] prompt) {
        return new Echo(tokenizer.decode(prompt, true), List.of());
    }

    /**
     * With log-probabilities.
     *
     * @param scores of all tokens but the first
     */
    static Echo of(Tokenizer tokenizer, int[] prompt, List<TokenScore> scores) {
        StreamingDecoder decoder = tokenizer.streamingDecoder(true);
        List<Scored> tokens = new ArrayList<>();
        int offset = 0;
        for (int t = 0; t < prompt.length; t++) {
            tokens.add(new Scored(prompt[t], t == 0 ? null : scores.get(t - 1), offset));
            offset += decoder.push(prompt[t]).length();
        }
        return new Echo(tokenizer.decode(prompt, true), tokens);
    }
}
