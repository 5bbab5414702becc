// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.reference.HeapKvCache;

/** Keys and values of F32, read where they lie. */
final class ExactHead implements CachedHead {
    private static final int PAGE = KvCache.PAGE;

    /** Keys of a strip: with up to 128 elements a head it stays in the second-level cache. */
    private static final int STRIP = 16 * PAGE;

    private static final float[][] NONE = {};

    private float[][] keys = NONE;
    private float[][] values = NONE;
    private int headDim;
    private int valueWidth;
    private int keyBase;
    private int valueBase;

    /** From now on those of one head. */
    ExactHead of(HeapKvCache cache, int layer, int sequence, int kvHead) {
        keys = cache.keyPages(layer, sequence);
        values = cache.valuePages(layer, sequence);
        headDim = cache.headDim(layer);
        valueWidth = cache.valueWidth(layer);
        keyBase = kvHead * headDim * PAGE;
        valueBase = kvHead * PAGE * valueWidth;
        return this;
    }

    /** Lets go of the cache. */
    void close() {
        keys = NONE;
        values = NONE;
    }

    @Override
    public int strip() {
        return STRIP;
    }

    @Override
    public void scores(float[] queries, int qFrom, int first, int end, float[] scores, int sAt, int sRow) {
        VectorAttention.scores(headDim, queries, qFrom, keys, keyBase, first, end, scores, sAt, sRow);
    }

    @Override
    public void values(int first, int end, float[] e, int eAt, int eRow, float[] sums, int sumsAt) {
        VectorAttention.values(values, first, end, valueBase, valueWidth, e, eAt, eRow, sums, sumsAt);
    }

    @Override
    public void rowValues(int first, int end, float[] e, int eAt, float[] sums, int sumsAt) {
        for (int j = first; j < end; ) {
            int n = Math.min(end, (j | (PAGE - 1)) + 1) - j;
            AttentionTiles.sums1(
                    n,
                    e,
                    eAt + j,
                    1,
                    values[j / PAGE],
                    valueBase + j % PAGE * valueWidth,
                    valueWidth,
                    sums,
                    sumsAt,
                    valueWidth);
            j += n;
        }
    }
}
