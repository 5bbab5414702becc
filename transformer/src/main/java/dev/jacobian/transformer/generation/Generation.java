// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * One continuation of a prompt.
 *
 * @param tokenIds sampled tokens, the end token included
 * @param logProbs log-probability of each at the sampling temperature over the whole vocabulary, whatever filters were on
 * @param finishReason why it ended
 * @param topLogProbs the likeliest tokens at each step, if they were asked for; otherwise empty
 * @param stopString the text that ended it, where one did
 * @param score of a beam: its log-probability over its length to the power of {@code length_penalty}
 */
public record Generation(
        int[] tokenIds,
        float[] logProbs,
        FinishReason finishReason,
        List<List<TokenLogProb>> topLogProbs,
        Optional<String> stopString,
        OptionalDouble score) {
    /** Of one that was cancelled before its first token. */
    static final Generation NOTHING = new Generation(new int[0], new float[0], FinishReason.CANCELLED);

    public Generation {
        topLogProbs = List.copyOf(topLogProbs);
    }

    /** One of which no more is known. */
    public Generation(int[] tokenIds, float[] logProbs, FinishReason finishReason) {
        this(tokenIds, logProbs, finishReason, List.of(), Optional.empty(), OptionalDouble.empty());
    }

    /** The same as a beam with a score. */
    Generation withScore(double value) {
        return new Generation(tokenIds, logProbs, finishReason, topLogProbs, stopString, OptionalDouble.of(value));
    }

    /**
     * A continuation with its text.
     *
     * @param text decoded tokens without special ones
     * @param generation the tokens
     */
    public record Text(String text, Generation generation) {}
}
