// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import static dev.jacobian.transformer.generation.Checks.require;

import java.util.Optional;

/**
 * What becomes less likely because of the tokens that are there already.
 *
 * @param repetitionPenalty positive logits of tokens already there are divided by it, negative multiplied; 1 for none
 * @param presencePenalty subtracted from logits of tokens that the continuation has; 0 for none
 * @param frequencyPenalty subtracted as often as the continuation has the token; 0 for none
 * @param noRepeatNgramSize no run of so many tokens occurs twice; 0 for no such rule
 * @param decay makes end tokens likelier the longer the continuation is
 */
public record PenaltyConfig(
        float repetitionPenalty,
        float presencePenalty,
        float frequencyPenalty,
        int noRepeatNgramSize,
        Optional<Decay> decay) {
    /**
     * The exponential decay of a continuation's chance to go on.
     *
     * @param start new tokens after which it begins
     * @param factor above 1 to end sooner
     */
    public record Decay(int start, double factor) {
        public Decay {
            require(
                    start >= 0 && factor > 0 && Double.isFinite(factor),
                    "exponential_decay_length_penalty takes [start, factor], start not negative and factor positive,"
                            + " got [" + start + ", " + factor + "]");
        }
    }

    public PenaltyConfig {
        require(
                repetitionPenalty > 0 && Float.isFinite(repetitionPenalty),
                "repetition_penalty must be positive, got " + repetitionPenalty);
        require(Float.isFinite(presencePenalty), "presence_penalty must be finite, got " + presencePenalty);
        require(Float.isFinite(frequencyPenalty), "frequency_penalty must be finite, got " + frequencyPenalty);
        require(noRepeatNgramSize >= 0, "no_repeat_ngram_size must not be negative, got " + noRepeatNgramSize);
    }
}
