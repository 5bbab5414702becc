// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation.processor;

/** Makes NaN 0 and infinities the largest numbers of their sign, so that a broken row can still be chosen from. */
public record RemoveInvalid() implements LogitsProcessor {
    @Override
    public void process(TokenHistory tokens, float[] logits) {
        for (int i = 0; i < logits.length; i++) {
            logits[i] = Float.isNaN(logits[i]) ? 0 : Math.clamp(logits[i], -Float.MAX_VALUE, Float.MAX_VALUE);
        }
    }
}
