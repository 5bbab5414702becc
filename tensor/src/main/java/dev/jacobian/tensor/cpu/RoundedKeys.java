// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.cpu.Scratch.Slot;
import dev.jacobian.tensor.reference.HeapKvCache;
import dev.jacobian.tensor.reference.KvRounding;

/**
 * Scores and weighted sums over the pages of an 8-bit cache.
 *
 * <p>Decision: a strip of pages is made F32 in memory that stays in the first-level cache, and the exact tiles read it there. So the bits are
 * those of an exact cache of the rounded numbers by construction, what comes from memory is 9 bits for each number, and working memory
 * does not grow with the length.
 */
final class RoundedKeys {
    private static final int L = Lanes.COUNT;
    private static final int PAGE = KvCache.PAGE;

    /** Pages of a strip; even, so that pairs of vectors do not lie across two. */
    static final int PAGES = 4;

    private RoundedKeys() {}

    /** Floats between pages that were made F32: whole groups of four elements. */
    static int keyPage(int headDim, int heads) {
        return heads * keyHead(headDim);
    }

    private static int keyHead(int headDim) {
        return (headDim + 3) / 4 * 4 * PAGE;
    }

    /** Brings pages of keys, of heads [head, head + heads), to [pages, heads, ⌈headDim⌉, 16]; page p to place p − origin. */
    static void widenKeys(
            HeapKvCache cache,
            int layer,
            int sequence,
            int head,
            int heads,
            int fromPage,
            int toPage,
            int origin,
            float[] strip) {
        int headDim = cache.headDim(layer);
        int blocks = KvRounding.blocks(headDim);
        int[][] codes = cache.keyCodes(layer, sequence);
        float[][] scales = cache.keyPages(layer, sequence);
        for (int p = fromPage; p < toPage; p++) {
            for (int h = 0; h < heads; h++) {
                KvWidening.keys(
                        headDim,
                        codes[p],
                        (head + h) * keyHead(headDim) / 4,
                        scales[p],
                        (head + h) * blocks * PAGE,
                        strip,
                        (p - origin) * keyPage(headDim, heads) + h * keyHead(headDim));
            }
        }
    }

    /** Dot products of the queries of four heads, each with its own keys [base, end), heads ascending, as {@link VectorAttention#scores} has them. */
    static void scores(
            HeapKvCache cache,
            int layer,
            int sequence,
            int h0,
            int h1,
            int h2,
            int h3,
            float[] queries,
            int base,
            int end,
            float[] scores,
            int stride) {
        int headDim = cache.headDim(layer);
        int heads = h3 - h0 + 1;
        int pageFloats = keyPage(headDim, heads);
        int head = keyHead(headDim);
        float[] keys = Scratch.current().get(Slot.CACHED_KEYS, PAGES * pageFloats);
        for (int from = base; from < end; from += PAGES * PAGE) {
            int to = Math.min(end, from + PAGES * PAGE);
            widenKeys(cache, layer, sequence, h0, heads, from / PAGE, (to + PAGE - 1) / PAGE, from / PAGE, keys);
            int vectors = (to - from + L - 1) / L;
            for (int v = 0; v < vectors; v += 2) {
                int next = Math.min(v + 1, vectors - 1);
                int at0 = v * L / PAGE * pageFloats + v * L % PAGE;
                int at1 = next * L / PAGE * pageFloats + next * L % PAGE;
                int sFrom = from - base + v * L;
                if (heads == 1) {
                    AttentionTiles.scores4x2(headDim, queries, 0, keys, at0, keys, at1, scores, sFrom, stride);
                } else {
                    AttentionTiles.headScores4x2(
                            headDim,
                            queries,
                            keys,
                            at0,
                            keys,
                            at1,
                            0,
                            (h1 - h0) * head,
                            (h2 - h0) * head,
                            (h3 - h0) * head,
                            scores,
                            sFrom,
                            stride);
                }
            }
        }
    }

    /** Brings pages of one head's values to [16 · pages, width]; page p to place p − origin. */
    static void widenValues(
            HeapKvCache cache, int layer, int sequence, int head, int fromPage, int toPage, int origin, float[] strip) {
        int width = cache.valueWidth(layer);
        int blocks = KvRounding.blocks(cache.headDim(layer));
        int[][] codes = cache.valueCodes(layer, sequence);
        float[][] scales = cache.valuePages(layer, sequence);
        for (int p = fromPage; p < toPage; p++) {
            KvWidening.values(
                    width,
                    codes[p],
                    head * PAGE / 4 * width,
                    scales[p],
                    head * PAGE * blocks,
                    blocks,
                    strip,
                    (p - origin) * PAGE * width);
        }
    }

    /**
     * Adds e_j v_j over the keys [first, end) of one head to some rows of sums; e of key j of row r at {@code eAt + r * eRow + j}.
     *
     * @param rows 4, or 1
     */
    static void values(
            HeapKvCache cache,
            int layer,
            int sequence,
            int head,
            int first,
            int end,
            int rows,
            float[] e,
            int eAt,
            int eRow,
            float[] sums,
            int sumsAt) {
        int width = cache.valueWidth(layer);
        float[] values = Scratch.current().get(Slot.CACHED_VALUES, PAGES * PAGE * width);
        for (int from = first; from < end; ) {
            int page = from / PAGE;
            int to = Math.min(end, (page + PAGES) * PAGE);
            widenValues(cache, layer, sequence, head, page, (to + PAGE - 1) / PAGE, page, values);
            int at = (from - page * PAGE) * width;
            if (rows == 1) {
                AttentionTiles.sums1(to - from, e, eAt + from, 1, values, at, width, sums, sumsAt, width);
            } else {
                AttentionTiles.sums4(to - from, e, eAt + from, eRow, 1, values, at, width, sums, sumsAt, width, width);
            }
            from = to;
        }
    }
}
