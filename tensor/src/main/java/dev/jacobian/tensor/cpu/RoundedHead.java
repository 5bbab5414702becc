// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.cpu.Scratch.Slot;
import dev.jacobian.tensor.reference.HeapKvCache;

/**
 * Keys and values in 8 bits, made F32 strip by strip: when the first tile of queries asks for a page, the others find it there.
 *
 * <p>One object is one task's; what it has widened lies in the thread's scratch.
 */
final class RoundedHead implements CachedHead {
    private static final int L = Lanes.COUNT;
    private static final int PAGE = KvCache.PAGE;
    private static final int PAGES = RoundedKeys.PAGES;

    private final HeapKvCache cache;
    private final int layer;
    private final int sequence;
    private final int kvHead;
    private final int headDim;
    private final int valueWidth;
    private final int keyPage; // floats of a page of keys
    private final float[] keys; // [PAGES, headDim, 16]
    private final float[] values; // [PAGES · 16, valueWidth]
    private final Widened widenedKeys = new Widened();
    private final Widened widenedValues = new Widened();

    RoundedHead(HeapKvCache cache, int layer, int sequence, int kvHead) {
        this.cache = cache;
        this.layer = layer;
        this.sequence = sequence;
        this.kvHead = kvHead;
        headDim = cache.headDim(layer);
        valueWidth = cache.valueWidth(layer);
        keyPage = RoundedKeys.keyPage(headDim, 1);
        keys = Scratch.current().get(Slot.CACHED_KEYS, PAGES * keyPage);
        values = Scratch.current().get(Slot.CACHED_VALUES, PAGES * PAGE * valueWidth);
    }

    /** The pages that are F32 now, of one strip. */
    private static final class Widened {
        private int from;
        private int to; // none if it is from

        /** Asks for pages of one strip; {@code widen} is given those that are missing. */
        void need(int first, int end, Pages widen) {
            if (from == to || first / PAGES != from / PAGES) {
                widen.run(first, end);
                from = first;
                to = end;
                return;
            }
            if (first < from) {
                widen.run(first, from);
                from = first;
            }
            if (end > to) {
                widen.run(to, end);
                to = end;
            }
        }
    }

    /** Work on the half-open range of pages. */
    @FunctionalInterface
    private interface Pages {
        void run(int from, int to);
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
            widenedKeys.need(
                    from / PAGE,
                    (to + PAGE - 1) / PAGE,
                    (p, stop) -> RoundedKeys.widenKeys(cache, layer, sequence, kvHead, 1, p, stop, origin, keys));
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
        widenedValues.need(
                first / PAGE,
                (to + PAGE - 1) / PAGE,
                (p, stop) -> RoundedKeys.widenValues(cache, layer, sequence, kvHead, p, stop, origin, values));
        return to;
    }

    /** Where the values of a key lie. */
    private int at(int key) {
        return key % (PAGES * PAGE) * valueWidth;
    }
}
