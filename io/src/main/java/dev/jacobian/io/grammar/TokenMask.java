// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

/** A set of token ids. */
public final class TokenMask {
    private final int size;
    private final long[] bits;

    TokenMask(int size, long[] bits) {
        this.size = size;
        this.bits = bits;
    }

    /** Whether a token is in it. */
    public boolean allows(int id) {
        return id >= 0 && id < size && (bits[id >> 6] >>> id & 1) != 0;
    }

    /** How many are in it. */
    public int count() {
        int count = 0;
        for (long word : bits) {
            count += Long.bitCount(word);
        }
        return count;
    }

    /**
     * Makes all others impossible.
     *
     * @param logits [V]; those of tokens outside become −∞
     */
    public void apply(float[] logits) {
        for (int word = 0; word < bits.length; word++) {
            if (bits[word] == -1L) {
                continue;
            }
            int to = Math.min(logits.length, (word + 1) << 6);
            for (int id = word << 6; id < to; id++) {
                if ((bits[word] >>> id & 1) == 0) {
                    logits[id] = Float.NEGATIVE_INFINITY;
                }
            }
        }
        for (int id = bits.length << 6; id < logits.length; id++) {
            logits[id] = Float.NEGATIVE_INFINITY;
        }
    }
}
