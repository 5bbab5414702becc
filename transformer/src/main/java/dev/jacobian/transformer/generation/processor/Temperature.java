// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation.processor;

/**
 * Divides logits by a temperature: below 1 the likeliest tokens become likelier.
 *
 * @param temperature positive
 */
public record Temperature(float temperature) implements LogitsProcessor {
    @Override
    public void process(TokenHistory tokens, float[] logits) {
        for (int i = 0; i < logits.length; i++) {
            logits[i] /= temperature;
        }
    }
}
