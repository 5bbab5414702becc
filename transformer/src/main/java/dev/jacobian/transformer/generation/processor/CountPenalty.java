// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation.processor;

/**
 * OpenAI's penalties, as vLLM applies them: of each token the continuation already has, {@code presence} is subtracted from its
 * logit, and {@code frequency} as often as it occurs. Tokens of the prompt do not count.
 *
 * @param presence against tokens that occur; negative favours them
 * @param frequency against tokens that occur often; negative favours them
 */
public record CountPenalty(float presence, float frequency) implements LogitsProcessor {
    @Override
    public void process(TokenHistory tokens, float[] logits) {
        int[] count = new int[logits.length]; // [V]
        for (int i = tokens.promptLength(); i < tokens.length(); i++) {
            count[tokens.get(i)]++;
        }
        for (int id = 0; id < logits.length; id++) {
            if (count[id] > 0) {
                logits[id] -= frequency * count[id];
                logits[id] -= presence;
            }
        }
    }
}
