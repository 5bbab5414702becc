// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.util.Arrays;

/**
 * Top-k, top-p and min-p without sorting a vocabulary: what {@link SamplingFilters} says in plain loops, on the few likeliest tokens.
 *
 * <p>Decisions: which tokens stay is decided by sums of probabilities, and a sum's last bits depend on its order. So sums are taken in
 * whatever order is quick, with a margin a thousand times larger than what order and exponential can change, and a row that falls into the
 * margin is left to the plain loops (the methods return {@code false}). The rows that come out are the very same.
 */
public final class LikeliestTokens {
    /** Tokens that are looked at before all are. */
    private static final int FEW = 512;

    private static final int MORE = 8;

    /** Of sums of probabilities, which in double differ by 1e-11 at most. */
    private static final double MARGIN = 1e-8;

    /** Logits so far below the largest add nothing that a margin would not hide. */
    private static final float NEGLIGIBLE = 60;

    private LikeliestTokens() {}

    /**
     * The k-th largest number.
     *
     * @param row no NaN
     * @param k from 1 to the length
     */
    public static float kthLargest(float[] row, int k) {
        if (k > FEW) {
            float[] sorted = row.clone();
            Arrays.sort(sorted);
            return sorted[row.length - k];
        }
        return row[heap(row, k)[0]];
    }

    /**
     * Removes the least likely tokens whose probabilities together are at most 1 − p, by −∞.
     *
     * @param keep likeliest tokens that stay in any case, at least 1
     * @return whether it was certain which these are; otherwise the row is as it was
     */
    public static boolean keepNucleus(float[] row, float topP, int keep) {
        float max = max(row);
        if (!Float.isFinite(max)) {
            return false;
        }
        double total = 0;
        for (float x : row) {
            total += x > max - NEGLIGIBLE ? Math.exp(x - max) : 0;
        }
        double mass = total * (1 - (double) (1 - topP)); // of the tokens before one that stays, less than this
        for (int count = Math.min(row.length, FEW); ; count = more(count, row.length)) {
            int[] likeliest = descending(row, count);
            double before = 0;
            for (int rank = 0; rank < count; rank++) {
                if (rank >= keep) {
                    if (Math.abs(before - mass) < MARGIN * total) {
                        return false;
                    }
                    if (before > mass) {
                        return leave(row, likeliest, rank);
                    }
                }
                before += Math.exp(row[likeliest[rank]] - max);
            }
            if (count == row.length) {
                return true; // all stay
            }
        }
    }

    /** How many to look at when {@code count} were too few: a heap pays as long as it is much smaller than the vocabulary. */
    private static int more(int count, int vocabulary) {
        return MORE * count <= vocabulary / MORE ? MORE * count : vocabulary;
    }

    /**
     * Removes tokens less likely than a share of the likeliest, by −∞.
     *
     * @return whether it was certain which these are; otherwise the row is as it was
     */
    public static boolean keepShare(float[] row, float minP) {
        float max = max(row);
        if (!Float.isFinite(max)) {
            return false;
        }
        double limit = Math.log(minP);
        for (float x : row) {
            if (Math.abs(x - max - limit) < MARGIN) {
                return false;
            }
        }
        for (int i = 0; i < row.length; i++) {
            row[i] = row[i] - max < limit ? Float.NEGATIVE_INFINITY : row[i];
        }
        return true;
    }

    private static float max(float[] row) {
        float max = Float.NEGATIVE_INFINITY;
        for (float x : row) {
            max = Math.max(max, x); // NaN, if there is one
        }
        return max;
    }

    /** Keeps the first of some tokens; certain unless ties of both zeros are divided, whose order is not the same everywhere. */
    private static boolean leave(float[] row, int[] likeliest, int count) {
        if (row[likeliest[count]] == 0 && row[likeliest[count - 1]] == 0) {
            return false;
        }
        float[] kept = new float[count];
        for (int rank = 0; rank < count; rank++) {
            kept[rank] = row[likeliest[rank]];
        }
        Arrays.fill(row, Float.NEGATIVE_INFINITY);
        for (int rank = 0; rank < count; rank++) {
            row[likeliest[rank]] = kept[rank];
        }
        return true;
    }

    /** The ids of the largest numbers, from the largest on; of equal ones the last first. */
    private static int[] descending(float[] row, int count) {
        int[] ids = count == row.length ? null : heap(row, count);
        long[] keys = new long[count];
        for (int i = 0; i < count; i++) {
            keys[i] = key(row, ids == null ? i : ids[i]);
        }
        Arrays.sort(keys);
        int[] descending = new int[count];
        for (int rank = 0; rank < count; rank++) {
            descending[rank] = (int) keys[count - 1 - rank];
        }
        return descending;
    }

    /** A number that orders tokens by value, then by id. */
    private static long key(float[] row, int id) {
        int bits = Float.floatToIntBits(row[id] + 0f); // −0 and 0 are equal
        return (long) (bits < 0 ? bits ^ Integer.MAX_VALUE : bits) << Integer.SIZE | id;
    }

    /** The ids of the {@code count} largest numbers as a heap, the smallest first; of equal ones the last count more. */
    private static int[] heap(float[] row, int count) {
        int[] heap = new int[count];
        for (int i = 0; i < count; i++) {
            heap[i] = i;
        }
        for (int i = count / 2 - 1; i >= 0; i--) {
            sink(row, heap, i);
        }
        float least = row[heap[0]];
        for (int i = count; i < row.length; i++) {
            if (row[i] >= least
                    && row[i] != Float.NEGATIVE_INFINITY) { // which of the removed ones are there is no matter
                heap[0] = i;
                sink(row, heap, 0);
                least = row[heap[0]];
            }
        }
        return heap;
    }

    private static void sink(float[] row, int[] heap, int from) {
        int id = heap[from];
        int at = from;
        while (2 * at + 1 < heap.length) {
            int child = 2 * at + 1;
            if (child + 1 < heap.length && isLess(row, heap[child + 1], heap[child])) {
                child++;
            }
            if (!isLess(row, heap[child], id)) {
                break;
            }
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = id;
    }

    private static boolean isLess(float[] row, int one, int other) {
        return row[one] < row[other] || row[one] == row[other] && one < other;
    }
}
