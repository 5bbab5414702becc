// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import java.util.Arrays;

/**
 * The merges of a byte-pair encoding: a hash table from a pair of token ids to the rank of its merge and the id of the
 * merged token. Open addressing over primitive arrays, because a large vocabulary has 300,000 of them and a boxed map
 * of these would take 30 MB.
 */
final class MergeTable {
    private static final long EMPTY = -1;

    private final long[] pairs;
    private final int[] ranks;
    private final int[] merged;
    private final int shift;

    /** A table with room for {@code capacity} merges. */
    MergeTable(int capacity) {
        int bits = Math.max(4, 33 - Integer.numberOfLeadingZeros(capacity)); // at most half full
        pairs = new long[1 << bits];
        Arrays.fill(pairs, EMPTY);
        ranks = new int[1 << bits];
        merged = new int[1 << bits];
        shift = 64 - bits;
    }

    /** Sets the merge of a pair; the last one given for a pair counts. */
    void put(int left, int right, int rank, int mergedId) {
        int slot = slot(left, right);
        pairs[slot] = pair(left, right);
        ranks[slot] = rank;
        merged[slot] = mergedId;
    }

    /** The place of a pair's merge, for {@link #rank} and {@link #merged}, or -1 if the pair does not merge. */
    int find(int left, int right) {
        int slot = slot(left, right);
        return pairs[slot] == EMPTY ? -1 : slot;
    }

    int rank(int place) {
        return ranks[place];
    }

    int merged(int place) {
        return merged[place];
    }

    private int slot(int left, int right) {
        long pair = pair(left, right);
        int slot = (int) (pair * 0x9E3779B97F4A7C15L >>> shift); // Fibonacci hashing
        while (pairs[slot] != EMPTY && pairs[slot] != pair) {
            slot = slot + 1 & pairs.length - 1;
        }
        return slot;
    }

    private static long pair(int left, int right) {
        return (long) left << 32 | right; // ids are not negative
    }
}
