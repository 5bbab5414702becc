// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.AttentionForm;
import dev.jacobian.tensor.CachedRows;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cpu.Scratch.Slot;
import dev.jacobian.tensor.reference.HeapKvCache;
import java.util.Arrays;

/**
 * Attention of one token, as in decoding: the rows of a block are four heads of the token.
 *
 * <p>One token has few rows per kv head, and the order of the sums leaves few chains per row: four heads together, each
 * with its own keys and values, give the eight chains that hide the latency of a multiply-add. All heads see the same
 * keys, so nothing is ragged. Heads that share a kv head share its loads, since a vector that lies across two cache lines
 * (a Java array's usual place) costs two: all four, two pairs, or none.
 */
final class VectorDecodeAttention {
    /** Segments of up to this many tokens are faster token by token. */
    static final int TOKENS = 2;

    private static final int L = Lanes.COUNT;
    private static final int PAGE = KvCache.PAGE;
    private static final int ROWS = 4;

    private VectorDecodeAttention() {}

    /** The token at {@code index} of segment s. */
    static void token(
            Tensor q, CachedRows batch, int s, int index, AttentionForm form, Tensor out, @Nullable Tensor stats) {
        HeapKvCache cache = (HeapKvCache) batch.cache();
        int layer = batch.layer();
        int sequence = batch.sequences()[s];
        int row = batch.segments().start(s) + index;
        int window = form.window();
        int headDim = cache.headDim(layer);
        int width = cache.valueWidth(layer);
        int heads = q.extent(1) / headDim;
        int group = heads / cache.kvHeads(layer);
        float[][] keys = cache.keyPages(layer, sequence);
        float[][] values = cache.valuePages(layer, sequence);
        boolean rounded = cache.isRounded(layer);
        int position = cache.length(sequence) + index;
        int firstKey = VectorAttention.firstKey(position, window);
        int base = firstKey & -PAGE; // the key whose score stands at index 0
        int stride = VectorAttention.scoreStride(position + 1 - base);
        Scratch scratch = Scratch.current();
        float[] queries = scratch.get(Slot.QUERIES, headDim * ROWS);
        float[] scores = scratch.get(Slot.SCORES, stride * ROWS);
        float[] sums = scratch.get(Slot.OUT_ROWS, width * ROWS);
        float[] parts = scratch.get(Slot.LANES, 2 * VectorSum.PARTS);
        for (int head = 0; head < heads; head += ROWS) {
            int rows = Math.min(ROWS, heads - head);
            // With fewer than four heads left the last one fills the block.
            int h0 = head / group;
            int h1 = Math.min(head + 1, heads - 1) / group;
            int h2 = Math.min(head + 2, heads - 1) / group;
            int h3 = Math.min(head + 3, heads - 1) / group;
            for (int r = 0; r < ROWS; r++) {
                VectorAttention.packQuery(
                        q, (row * heads + Math.min(head + r, heads - 1)) * headDim, headDim, queries, r);
            }
            boolean shared = h0 == h3;
            if (rounded) {
                RoundedKeys.scores(cache, layer, sequence, h0, h1, h2, h3, queries, base, position + 1, scores, stride);
            } else if (shared) {
                VectorAttention.scores(
                        headDim, queries, 0, keys, h0 * headDim * PAGE, base, position + 1, scores, -base, stride);
            } else {
                scores(headDim, queries, keys, h0, h1, h2, h3, base, position + 1, scores, stride);
            }
            for (int r = 0; r < rows; r++) {
                VectorAttention.exponentials(scores, r * stride, firstKey - base, position + 1 - base, form, parts);
                VectorAttention.finishRow(scores, r, stride, parts, stats, row * heads + head + r);
            }
            Arrays.fill(sums, 0, ROWS * width, 0f);
            if (rounded) {
                roundedValues(
                        cache, layer, sequence, firstKey, position + 1, h0, h1, h2, h3, scores, -base, stride, sums);
            } else if (shared) {
                VectorAttention.values(
                        values, firstKey, position + 1, h0 * PAGE * width, width, scores, -base, stride, sums, 0);
            } else {
                values(values, firstKey, position + 1, h0, h1, h2, h3, width, scores, -base, stride, sums);
            }
            for (int r = 0; r < rows; r++) {
                int at = out.offset() + (row * heads + head + r) * headDim;
                VectorAttention.scaled(sums, r * width, scores[(r + 1) * stride - 1], out.floats(), at, headDim);
            }
        }
    }

    private static void scores(
            int headDim,
            float[] queries,
            float[][] pages,
            int h0,
            int h1,
            int h2,
            int h3,
            int base,
            int end,
            float[] scores,
            int stride) {
        int vectors = (end + L - 1) / L;
        int head = headDim * PAGE;
        for (int v = base / L; v < vectors; v += 2) {
            int next = Math.min(v + 1, vectors - 1);
            float[] k0 = pages[v * L / PAGE];
            float[] k1 = pages[next * L / PAGE];
            int at0 = v * L % PAGE;
            int at1 = next * L % PAGE;
            int to = v * L - base;
            if (h0 == h1 && h2 == h3) {
                AttentionTiles.pairScores4x2(
                        headDim, queries, k0, at0, k1, at1, h0 * head, h2 * head, scores, to, stride);
            } else {
                AttentionTiles.headScores4x2(
                        headDim, queries, k0, at0, k1, at1, h0 * head, h1 * head, h2 * head, h3 * head, scores, to,
                        stride);
            }
        }
    }

    private static void roundedValues(
            HeapKvCache cache,
            int layer,
            int sequence,
            int first,
            int end,
            int h0,
            int h1,
            int h2,
            int h3,
            float[] e,
            int eAt,
            int eRow,
            float[] sums) {
        int width = cache.valueWidth(layer);
        if (h0 == h3) {
            RoundedKeys.values(cache, layer, sequence, h0, first, end, ROWS, e, eAt, eRow, sums, 0);
            return;
        }
        RoundedKeys.values(cache, layer, sequence, h0, first, end, 1, e, eAt, 0, sums, 0);
        RoundedKeys.values(cache, layer, sequence, h1, first, end, 1, e, eAt + eRow, 0, sums, width);
        RoundedKeys.values(cache, layer, sequence, h2, first, end, 1, e, eAt + 2 * eRow, 0, sums, 2 * width);
        RoundedKeys.values(cache, layer, sequence, h3, first, end, 1, e, eAt + 3 * eRow, 0, sums, 3 * width);
    }

    private static void values(
            float[][] pages,
            int first,
            int end,
            int h0,
            int h1,
            int h2,
            int h3,
            int width,
            float[] e,
            int eAt,
            int eRow,
            float[] sums) {
        int v0 = h0 * PAGE * width;
        int v1 = h1 * PAGE * width;
        int v2 = h2 * PAGE * width;
        int v3 = h3 * PAGE * width;
        boolean pairs = h0 == h1 && h2 == h3;
        int i = 0;
        for (; i + 2 * L <= width; i += 2 * L) {
            if (pairs) {
                AttentionTiles.pairValues4x2(pages, first, end, v0 + i, v2 + i, width, e, eAt, eRow, sums, i, width);
            } else {
                AttentionTiles.headValues4x2(
                        pages, first, end, v0 + i, v1 + i, v2 + i, v3 + i, width, e, eAt, eRow, sums, i, width);
            }
        }
        if (i < width && pairs) {
            AttentionTiles.pairValues4x1(pages, first, end, v0 + i, v2 + i, width, e, eAt, eRow, sums, i, width);
        } else if (i < width) {
            AttentionTiles.headValues4x1(
                    pages, first, end, v0 + i, v1 + i, v2 + i, v3 + i, width, e, eAt, eRow, sums, i, width);
        }
    }
}
