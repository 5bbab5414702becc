// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import static java.util.Objects.requireNonNull;

import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.cpu.Scratch.Slot;
import dev.jacobian.tensor.reference.HeapKvCache;

/**
 * Keys and values in 8 bits, made F32 strip by strip: when the first tile of queries asks for a page, the others find it there.
 *
 * <p>One object is one thread's; what it has widened lies in the thread's scratch.
 */
final class RoundedHead implements CachedHead {
    private static final int L = Lanes.COUNT;
    private static final int PAGE = KvCache.PAGE;
    private static final int PAGES = RoundedKeys.PAGES;

    private @Nullable HeapKvCache cache;
    private int layer;
    private int sequence;
    private int kvHead;
    private int headDim;
    private int valueWidth;
    private int keyPage; // floats of a page of keys
    private float[] keys = new float[0]; // [PAGES, headDim, 16]
    private float[] values = keys; // [PAGES · 16, valueWidth]
    private int keysFrom; // pages [keysFrom, keysTo) are F32 now, all of one strip
    private int keysTo;
    private int valuesFrom;
    private int valuesTo;

    /** From now on those of one head. */
    RoundedHead of(HeapKvCache cache, int layer, int sequence, int kvHead) {
        this.cache = cache;
        this.layer = layer;
        this.sequence = sequence;
        this.kvHead = kvHead;
        headDim = cache.headDim(layer);
        valueWidth = cache.valueWidth(layer);
        keyPage = RoundedKeys.keyPage(headDim, 1);
        keys = Scratch.current().get(Slot.CACHED_KEYS, PAGES * keyPage);
        values = Scratch.current().get(Slot.CACHED_VALUES, PAGES * PAGE * valueWidth);
        keysFrom = keysTo = 0;
        valuesFrom = valuesTo = 0;
        return this;
    }

    /** Lets go of the cache. */
    void close() {
        cache = null;
    }

    /** Makes the pages [first, end) of keys F32, of one strip, as far as they are not. */
    private void needKeys(int first, int end) {
        if (keysFrom == keysTo || first / PAGES != keysFrom / PAGES) {
            widenKeys(first, end);
            keysFrom = first;
            keysTo = end;
            return;
        }
        if (first < keysFrom) {
            widenKeys(first, keysFrom);
            keysFrom = first;
        }
        if (end > keysTo) {
            widenKeys(keysTo, end);
            keysTo = end;
        }
    }

    private void widenKeys(int first, int end) {
        RoundedKeys.widenKeys(
                requireNonNull(cache), layer, sequence, kvHead, 1, first, end, first / PAGES * PAGES, keys);
    }

    /** The same of values. */
    private void needValues(int first, int end) {
        if (valuesFrom == valuesTo || first / PAGES != valuesFrom / PAGES) {
            widenValues(first, end);
            valuesFrom = first;
            valuesTo = end;
            return;
        }
        if (first < valuesFrom) {
            widenValues(first, valuesFrom);
            valuesFrom = first;
        }
        if (end > valuesTo) {
            widenValues(valuesTo, end);
            valuesTo = end;
        }
    }

    private void widenValues(int first, int end) {
        RoundedKeys.widenValues(
                requireNonNull(cache), layer, sequence, kvHead, first, end, first / PAGES * PAGES, values);
    }

    @Override
    public int strip() {
        return PAGES * PAGE;
    }

    @Override
    public void scores(float[] queries, int qFrom, int first, int end, float[] scores, int sAt, int sRow) {
        for (int from = first; from < end; ) {
            int origin = from / PAGE / PAGES * PAGES; // the strip's first page
            int to = Math.min(end, (origin + PAGES) * PAGE);
            needKeys(from / PAGE, (to + PAGE - 1) / PAGE);
            int vectors = (to + L - 1) / L;
            for (int v = from / L; v < vectors; v += 2) {
                int next = Math.min(v + 1, vectors - 1);
                int at0 = (v * L / PAGE - origin) * keyPage + v * L % PAGE;
                int at1 = (next * L / PAGE - origin) * keyPage + next * L % PAGE;
                AttentionTiles.scores4x2(headDim, queries, qFrom, keys, at0, keys, at1, scores, sAt + v * L, sRow);
            }
            from = to;
        }
    }

    @Override
    public void values(int first, int end, float[] e, int eAt, int eRow, float[] sums, int sumsAt) {
        for (int from = first; from < end; ) {
            int to = valuesOf(from, end);
            AttentionTiles.sums4(
                    to - from,
                    e,
                    eAt + from,
                    eRow,
                    1,
                    values,
                    at(from),
                    valueWidth,
                    sums,
                    sumsAt,
                    valueWidth,
                    valueWidth);
            from = to;
        }
    }

    @Override
    public void rowValues(int first, int end, float[] e, int eAt, float[] sums, int sumsAt) {
        for (int from = first; from < end; ) {
            int to = valuesOf(from, end);
            AttentionTiles.sums1(to - from, e, eAt + from, 1, values, at(from), valueWidth, sums, sumsAt, valueWidth);
            from = to;
        }
    }

    /** Makes values from key {@code first} on F32, up to {@code end} or the end of the strip, which is returned. */
    private int valuesOf(int first, int end) {
        int origin = first / PAGE / PAGES * PAGES;
        int to = Math.min(end, (origin + PAGES) * PAGE);
        needValues(first / PAGE, (to + PAGE - 1) / PAGE);
        return to;
    }

    /** Where the values of a key lie. */
    private int at(int key) {
        return key % (PAGES * PAGE) * valueWidth;
    }
}
