// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sft;

import dev.jacobian.tensor.Rng;

/** A pseudo-random order of 0 … n − 1 that needs no memory: a Feistel network, walked until it lands below n. */
public final class Permutation {
    private static final int ROUNDS = 4;

    private Permutation() {}

    /** The element at a place of the order that seed and pass decide. */
    public static int of(long seed, long pass, int n, int place) {
        int halfBits = 1;
        while (1L << 2 * halfBits < n) {
            halfBits++;
        }
        int mask = (1 << halfBits) - 1;
        long value = place;
        do {
            int left = (int) (value >>> halfBits) & mask;
            int right = (int) value & mask;
            for (int round = 0; round < ROUNDS; round++) {
                int mixed = (int) Rng.bits(seed, right, round, (int) pass, (int) (pass >>> 32)) & mask;
                int next = left ^ mixed;
                left = right;
                right = next;
            }
            value = ((long) left << halfBits) | right;
        } while (value >= n);
        return (int) value;
    }
}
