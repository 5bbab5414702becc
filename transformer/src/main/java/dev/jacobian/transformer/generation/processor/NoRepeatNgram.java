// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation.processor;

/**
 * Rules out tokens that would make a run of n tokens occur a second time, the prompt included.
 *
 * @param size n, at least 1
 */
public record NoRepeatNgram(int size) implements LogitsProcessor {
    @Override
    public void process(TokenHistory tokens, float[] logits) {
        int length = tokens.length();
        int before = size - 1; // tokens that the next one would follow
        for (int start = 0; start + before < length; start++) {
            int same = 0;
            while (same < before && tokens.get(start + same) == tokens.get(length - before + same)) {
                same++;
            }
            if (same == before) {
                logits[tokens.get(start + before)] = Float.NEGATIVE_INFINITY;
            }
        }
    }
}
