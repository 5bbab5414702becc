// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation.processor;

/** Makes logits log-probabilities: their exponentials add up to 1 again, whatever was removed. */
public record Renormalize() implements LogitsProcessor {
    @Override
    public void process(TokenHistory tokens, float[] logits) {
        float max = Float.NEGATIVE_INFINITY;
        for (float x : logits) {
            max = Math.max(max, x);
        }
        double sum = 0;
        for (float x : logits) {
            sum += StrictMath.exp((double) x - max);
        }
        double logSum = max + StrictMath.log(sum);
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) (logits[i] - logSum);
        }
    }
}
