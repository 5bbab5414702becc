// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation.processor;

/**
 * Makes the end tokens likelier with every new token beyond a start: |logit| · (factor^n − 1) is added, n tokens beyond it.
 *
 * @param start new tokens after which it begins
 * @param factor above 1 to end sooner
 * @param endTokens ids that end a continuation
 */
public record ExponentialDecay(int start, double factor, int[] endTokens) implements LogitsProcessor {
    @Override
    public void process(TokenHistory tokens, float[] logits) {
        int beyond = tokens.newTokens() - start;
        if (beyond <= 0) {
            return;
        }
        float growth = (float) (StrictMath.pow(factor, beyond) - 1);
        for (int token : endTokens) {
            if (logits[token] != Float.NEGATIVE_INFINITY) { // ruled out by another processor; ∞ − ∞ would be NaN
                logits[token] += Math.abs(logits[token]) * growth;
            }
        }
    }
}
