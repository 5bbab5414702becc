// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cpu.Scratch.Slot;
import dev.jacobian.tensor.reference.HeapKvCache;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Causal grouped-query attention over paged keys.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>The query heads that share a head of keys are stacked as rows, so keys and values are read once for the group.
 *   <li>Rows go in blocks of four through {@link AttentionTiles}; a row that is left over goes alone. Memory is four rows
 *       of scores per thread: linear in the length, never its square.
 *   <li>The maximum is exact before the first exponential. There is no running rescale, whose result would depend on the
 *       block size.
 *   <li>Masked keys get the score −∞, hence e = 0, in the sum; the weighted sum of values does not touch them at all,
 *       because 0 · NaN would.
 * </ul>
 */
final class VectorAttention {
    private static final int L = Lanes.COUNT;
    private static final int PAGE = KvCache.PAGE;

    /** Rows of a block. */
    private static final int ROWS = 4;

    /** Query tokens per task: enough to fill blocks, few enough to divide one long sequence. */
    private static final int TOKENS = 32;

    /** Multiply-adds from which threads pay off. */
    private static final long PARALLEL = 1 << 19;

    private VectorAttention() {}

    static void attention(
            Tensor q,
            HeapKvCache cache,
            int layer,
            int[] sequences,
            Segments segments,
            float scale,
            int window,
            Tensor out,
            Tensor stats) {
        int tasks = 0;
        long work = 0;
        int width = q.extent(1);
        for (int s = 0; s < segments.count(); s++) {
            int length = segments.length(s);
            tasks += (length + TOKENS - 1) / TOKENS;
            work += (long) length * (cache.length(sequences[s]) + length / 2 + 1) * 2 * width;
        }
        int kvHeads = cache.kvHeads();
        if (ComputePool.threads() == 1 || work < PARALLEL) {
            for (int s = 0; s < segments.count(); s++) {
                for (int kvHead = 0; kvHead < kvHeads; kvHead++) {
                    rows(q, cache, layer, sequences[s], segments.start(s), 0, segments.length(s), kvHead, scale,
                            window, out, stats);
                }
            }
            return;
        }
        int[] segmentOf = new int[tasks];
        int[] firstToken = new int[tasks];
        // Longest first within a sequence: late tokens see more keys.
        for (int s = segments.count() - 1, task = 0; s >= 0; s--) {
            for (int token = (segments.length(s) - 1) / TOKENS * TOKENS; token >= 0 && segments.length(s) > 0; token -= TOKENS) {
                segmentOf[task] = s;
                firstToken[task++] = token;
            }
        }
        int grain = Math.max(1, tasks * kvHeads / (16 * ComputePool.threads()));
        int units = tasks * kvHeads;
        ComputePool.run((units + grain - 1) / grain, chunk -> {
            for (int unit = chunk * grain; unit < Math.min(units, (chunk + 1) * grain); unit++) {
                int s = segmentOf[unit / kvHeads];
                int from = firstToken[unit / kvHeads];
                int to = Math.min(segments.length(s), from + TOKENS);
                rows(q, cache, layer, sequences[s], segments.start(s), from, to, unit % kvHeads, scale, window, out,
                        stats);
            }
        });
    }

    /** Tokens [from, to) of the segment that begins at row {@code start}, for the query heads of one kv head. */
    private static void rows(
            Tensor q,
            HeapKvCache cache,
            int layer,
            int sequence,
            int start,
            int from,
            int to,
            int kvHead,
            float scale,
            int window,
            Tensor out,
            Tensor stats) {
        int headDim = cache.headDim();
        int heads = q.extent(1) / headDim;
        int group = heads / cache.kvHeads();
        float[][] keys = cache.keyPages(layer, sequence);
        float[][] values = cache.valuePages(layer, sequence);
        int valueWidth = cache.valueWidth();
        int history = cache.length(sequence);
        int keyBase = kvHead * headDim * PAGE;
        int valueBase = kvHead * PAGE * valueWidth;
        int end = (to - from) * group;
        int stride = scoreStride(history + to);
        Scratch scratch = Scratch.current();
        float[] queries = scratch.get(Slot.QUERIES, headDim * ROWS);
        float[] scores = scratch.get(Slot.SCORES, stride * ROWS);
        float[] sums = scratch.get(Slot.OUT_ROWS, valueWidth * ROWS);
        float[] parts = scratch.get(Slot.LANES, 2 * VectorSum.PARTS);
        for (int row = 0; row < end; ) {
            int left = Math.min(ROWS, end - row);
            int rows = left >= 3 ? left : 1; // a block of four with one empty row still beats three single rows
            int block = rows == 1 ? 1 : ROWS;
            int firstPosition = history + from + row / group;
            int lastPosition = history + from + (row + rows - 1) / group;
            int firstKey = window > 0 ? Math.max(0, firstPosition - window + 1) : 0;
            int base = firstKey & -PAGE; // the key whose score stands at index 0
            for (int r = 0; r < block; r++) {
                int at = r < rows ? headRow(start, from, row + r, group, heads, kvHead) * headDim : -1;
                packQuery(q, at, headDim, queries, r, block);
            }
            scoreBlock(block, headDim, queries, keys, keyBase, base, lastPosition + 1, scores, stride);
            Arrays.fill(sums, 0, block * valueWidth, 0f);
            // Keys that all rows see go in blocks of rows, the ragged end row by row.
            int common = firstPosition + 1;
            int commonFrom = firstKey;
            if (window > 0) {
                commonFrom = Math.max(0, lastPosition - window + 1);
            }
            boolean together = block == ROWS && commonFrom == firstKey;
            for (int r = 0; r < rows; r++) {
                int position = history + from + (row + r) / group;
                int first = window > 0 ? Math.max(0, position - window + 1) : 0;
                exponentials(scores, r * stride, first - base, position + 1 - base, scale, parts);
                if (stats != null) {
                    int at = stats.offset() + 2 * headRow(start, from, row + r, group, heads, kvHead);
                    stats.floats()[at] = parts[VectorSum.PARTS];
                    stats.floats()[at + 1] = parts[VectorSum.PARTS + 1];
                }
                // The row's last free score keeps 1 / l until the end.
                scores[r * stride + stride - 1] = 1f / parts[VectorSum.PARTS + 1];
            }
            if (together) {
                weightedValues(true, values, valueBase, valueWidth, firstKey, common, scores, -base, stride, sums, 0);
            }
            for (int r = 0; r < rows; r++) {
                int position = history + from + (row + r) / group;
                int first = together ? common : window > 0 ? Math.max(0, position - window + 1) : 0;
                weightedValues(
                        false, values, valueBase, valueWidth, first, position + 1, scores, r * stride - base, stride,
                        sums, r * valueWidth);
                int at = out.offset() + headRow(start, from, row + r, group, heads, kvHead) * headDim;
                scaled(sums, r * valueWidth, scores[r * stride + stride - 1], out.floats(), at, headDim);
            }
            row += rows;
        }
    }

    /** Index of a row among [N, H] when the query heads of a kv head are stacked token by token. */
    private static int headRow(int start, int from, int row, int group, int heads, int kvHead) {
        return (start + from + row / group) * heads + kvHead * group + row % group;
    }

    /** Floats between rows of scores over {@code keys} keys: whole pages, what a tile may write past them, one to spare. */
    static int scoreStride(int keys) {
        return (keys + PAGE - 1) / PAGE * PAGE + 4 * PAGE + PAGE;
    }

    /** Writes one query to column {@code r} of [headDim, block]; zeros when {@code at} is negative. */
    private static void packQuery(Tensor q, int at, int headDim, float[] queries, int r, int block) {
        float[] from = q.floats();
        int first = q.offset() + at;
        for (int i = 0; i < headDim; i++) {
            queries[i * block + r] = at < 0 ? 0f : from[first + i];
        }
    }

    /** Dot products with the keys [base, end) and some more up to the end of a tile; base is the first of a page. */
    private static void scoreBlock(
            int block,
            int headDim,
            float[] queries,
            float[][] pages,
            int keyBase,
            int base,
            int end,
            float[] scores,
            int stride) {
        int vectors = (end + L - 1) / L;
        int last = vectors - 1;
        int step = block == 1 ? 4 : 2;
        for (int v = base / L; v < vectors; v += step) {
            int v1 = Math.min(v + 1, last);
            float[] k0 = pages[v * L / PAGE];
            float[] k1 = pages[v1 * L / PAGE];
            int at0 = keyBase + v * L % PAGE;
            int at1 = keyBase + v1 * L % PAGE;
            if (block == 1) {
                int v2 = Math.min(v + 2, last);
                int v3 = Math.min(v + 3, last);
                AttentionTiles.scores1x4(
                        headDim, queries, 0, k0, at0, k1, at1, pages[v2 * L / PAGE], keyBase + v2 * L % PAGE,
                        pages[v3 * L / PAGE], keyBase + v3 * L % PAGE, scores, v * L - base, stride);
            } else {
                AttentionTiles.scores4x2(headDim, queries, 0, k0, at0, k1, at1, scores, v * L - base, stride);
            }
        }
    }

    /**
     * Turns dot products into e = exp(scale · s − max) over the indices [first, end) and into 0 around them up to whole
     * pages. Leaves the maximum in parts[16] and the sum in parts[17].
     */
    private static void exponentials(float[] s, int at, int first, int end, float scale, float[] parts) {
        int from = first & -PAGE; // a row of a windowed block may begin later than the block
        int to = (end + PAGE - 1) & -PAGE;
        float max = Float.NEGATIVE_INFINITY;
        int i = first;
        for (int whole = Math.min(end, (first + PAGE - 1) & -PAGE); i < whole; i++) {
            s[at + i] *= scale;
            max = Math.max(max, s[at + i]);
        }
        FloatVector m = FloatVector.broadcast(Lanes.FLOATS, max);
        for (; i <= end - L; i += L) {
            FloatVector scaled = FloatVector.fromArray(Lanes.FLOATS, s, at + i).mul(scale);
            scaled.intoArray(s, at + i);
            m = m.max(scaled);
        }
        max = m.reduceLanes(VectorOperators.MAX);
        for (; i < end; i++) {
            s[at + i] *= scale;
            max = Math.max(max, s[at + i]);
        }
        Arrays.fill(s, at + from, at + first, Float.NEGATIVE_INFINITY);
        Arrays.fill(s, at + end, at + to, Float.NEGATIVE_INFINITY);
        for (i = from; i < to; i += L) {
            VectorExp.exp(FloatVector.fromArray(Lanes.FLOATS, s, at + i).sub(max)).intoArray(s, at + i);
        }
        float sum = VectorSum.sum(s, at + from, to - from, parts);
        parts[VectorSum.PARTS] = max;
        parts[VectorSum.PARTS + 1] = sum;
    }

    /** Adds e_j v_j over the keys [first, end) to one row of sums or to four; e of key j at {@code eAt + j}. */
    private static void weightedValues(
            boolean four,
            float[][] pages,
            int valueBase,
            int valueWidth,
            int first,
            int end,
            float[] e,
            int eAt,
            int eRow,
            float[] sums,
            int sumsAt) {
        for (int j = first; j < end; ) {
            float[] page = pages[j / PAGE];
            int n = Math.min(end, (j | (PAGE - 1)) + 1) - j;
            int at = valueBase + j % PAGE * valueWidth;
            if (four) {
                AttentionTiles.sums4(
                        n, e, eAt + j, eRow, 1, page, at, valueWidth, sums, sumsAt, valueWidth, valueWidth);
            } else {
                AttentionTiles.sums1(n, e, eAt + j, 1, page, at, valueWidth, sums, sumsAt, valueWidth);
            }
            j += n;
        }
    }

    private static void scaled(float[] x, int xAt, float factor, float[] out, int outAt, int n) {
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector.fromArray(Lanes.FLOATS, x, xAt + i).mul(factor).intoArray(out, outAt + i);
        }
        for (; i < n; i++) {
            out[outAt + i] = x[xAt + i] * factor;
        }
    }
}
