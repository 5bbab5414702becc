// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.AttentionForm;
import dev.jacobian.tensor.AttentionKernels;
import dev.jacobian.tensor.CacheSpec;
import dev.jacobian.tensor.CachedRows;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Qkv;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cpu.Scratch.Slot;
import dev.jacobian.tensor.reference.AttentionSinks;
import dev.jacobian.tensor.reference.HeapKvCache;
import java.util.Arrays;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Causal grouped-query attention over paged keys.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>The query heads that share a head of keys are stacked as rows, so keys and values are read once for the group.
 *   <li>Rows go in blocks of four through {@link AttentionTiles}. Memory is four rows of scores per thread: linear in the
 *       length, never its square. A few tokens alone, as in decoding, go to {@link VectorDecodeAttention}.
 *   <li>The maximum is exact before the first exponential. There is no running rescale, whose result would depend on the
 *       block size.
 *   <li>Masked keys get the score −∞, hence e = 0, in the sum; the weighted sum of values does not touch them at all,
 *       because 0 · NaN would.
 * </ul>
 */
final class VectorAttention implements AttentionKernels {
    private static final int L = Lanes.COUNT;
    private static final int PAGE = KvCache.PAGE;

    /** Rows of a block. */
    private static final int ROWS = 4;

    /** Query tokens per task: enough to fill blocks, few enough to divide one long sequence. */
    private static final int TOKENS = 32;

    /** Multiply-adds from which threads pay off. */
    private static final long PARALLEL = 1 << 19;

    @Override
    public KvCache newKvCache(List<CacheSpec> layers, DType dtype) {
        return new HeapKvCache(layers, dtype);
    }

    @Override
    public void attention(Tensor q, CachedRows rows, AttentionForm form, Tensor out, @Nullable Tensor stats) {
        HeapKvCache cache = (HeapKvCache) rows.cache();
        Segments segments = rows.segments();
        int tasks = 0;
        long work = 0;
        int width = q.extent(1);
        for (int s = 0; s < segments.count(); s++) {
            int length = segments.length(s);
            tasks += (length + TOKENS - 1) / TOKENS;
            work += (long) length * (cache.length(rows.sequences()[s]) + length / 2 + 1) * 2 * width;
        }
        int kvHeads = cache.kvHeads(rows.layer());
        if (ComputePool.threads() == 1 || work < PARALLEL) {
            for (int s = 0; s < segments.count(); s++) {
                for (int kvHead = 0; kvHead < kvHeads; kvHead++) {
                    tokens(q, rows, s, 0, segments.length(s), kvHead, form, out, stats);
                }
            }
            return;
        }
        int[] segmentOf = new int[tasks];
        int[] firstToken = new int[tasks];
        // Longest first within a sequence: late tokens see more keys.
        for (int s = segments.count() - 1, task = 0; s >= 0; s--) {
            for (int token = (segments.length(s) - 1) / TOKENS * TOKENS;
                    token >= 0 && segments.length(s) > 0;
                    token -= TOKENS) {
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
                tokens(q, rows, s, from, to, unit % kvHeads, form, out, stats);
            }
        });
    }

    @Override
    public void sinks(Tensor sinks, Tensor out, Tensor stats) {
        Ranges.run(out.extent(0), out.extent(1), (from, to) -> AttentionSinks.apply(sinks, out, stats, from, to));
    }

    @Override
    public void sinksBackward(Tensor dOut, Tensor out, Tensor stats, Tensor sinks, Tensor dSinks) {
        Ranges.run(
                sinks.elements(),
                out.elements() / Math.max(1, sinks.elements()),
                (from, to) -> AttentionSinks.backward(dOut, out, stats, sinks, dSinks, from, to));
    }

    @Override
    public void attentionBackward(
            Tensor dOut, Qkv in, Tensor out, Tensor stats, Segments segments, AttentionForm form, Qkv gradients) {
        VectorAttentionBackward.attentionBackward(dOut, in, out, stats, segments, form, gradients);
    }

    /** Tokens [from, to) of segment s, for the query heads of one kv head. */
    private static void tokens(
            Tensor q,
            CachedRows batch,
            int s,
            int from,
            int to,
            int kvHead,
            AttentionForm form,
            Tensor out,
            @Nullable Tensor stats) {
        if (to - from <= VectorDecodeAttention.TOKENS) {
            for (int token = from; kvHead == 0 && token < to; token++) {
                VectorDecodeAttention.token(q, batch, s, token, form, out, stats);
            }
            return;
        }
        HeapKvCache cache = (HeapKvCache) batch.cache();
        int layer = batch.layer();
        int sequence = batch.sequences()[s];
        int start = batch.segments().start(s);
        int window = form.window();
        int headDim = cache.headDim(layer);
        int heads = q.extent(1) / headDim;
        int group = heads / cache.kvHeads(layer);
        float[][] keys = cache.keyPages(layer, sequence);
        float[][] values = cache.valuePages(layer, sequence);
        int valueWidth = cache.valueWidth(layer);
        boolean rounded = cache.isRounded(layer);
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
        for (int row = 0; row < end; row += ROWS) {
            int rows = Math.min(ROWS, end - row);
            int firstPosition = history + from + row / group;
            int lastPosition = history + from + (row + rows - 1) / group;
            int firstKey = firstKey(firstPosition, window);
            int base = firstKey & -PAGE; // the key whose score stands at index 0
            for (int r = 0; r < ROWS; r++) {
                int at = headRow(start, from, row + Math.min(r, rows - 1), group, heads, kvHead) * headDim;
                packQuery(q, at, headDim, queries, r);
            }
            if (rounded) {
                RoundedKeys.scores(cache, layer, sequence, kvHead, queries, base, lastPosition + 1, scores, stride);
            } else {
                scores(headDim, queries, keys, keyBase, base, lastPosition + 1, scores, stride);
            }
            for (int r = 0; r < rows; r++) {
                int position = history + from + (row + r) / group;
                exponentials(scores, r * stride, firstKey(position, window) - base, position + 1 - base, form, parts);
                finishRow(scores, r, stride, parts, stats, headRow(start, from, row + r, group, heads, kvHead));
            }
            // Keys that all rows see go in blocks of rows, the ragged end row by row.
            Arrays.fill(sums, 0, ROWS * valueWidth, 0f);
            boolean together = firstKey(lastPosition, window) == firstKey;
            int common = together ? firstPosition + 1 : firstKey;
            if (together && rounded) {
                RoundedKeys.values(
                        cache, layer, sequence, kvHead, firstKey, common, ROWS, scores, -base, stride, sums, 0);
            } else if (together) {
                values(values, firstKey, common, valueBase, valueWidth, scores, -base, stride, sums);
            }
            for (int r = 0; r < rows; r++) {
                int position = history + from + (row + r) / group;
                int first = together ? common : firstKey(position, window);
                int eAt = r * stride - base;
                int sumsAt = r * valueWidth;
                if (rounded) {
                    RoundedKeys.values(
                            cache, layer, sequence, kvHead, first, position + 1, 1, scores, eAt, 0, sums, sumsAt);
                } else {
                    rowValues(values, first, position + 1, valueBase, valueWidth, scores, eAt, sums, sumsAt);
                }
                int at = out.offset() + headRow(start, from, row + r, group, heads, kvHead) * headDim;
                scaled(sums, r * valueWidth, scores[(r + 1) * stride - 1], out.floats(), at, headDim);
            }
        }
    }

    /** First key that a query at {@code position} sees. */
    static int firstKey(int position, int window) {
        return window > 0 ? Math.max(0, position - window + 1) : 0;
    }

    /** Writes the row's maximum and sum to {@code stats}, and 1 / sum to its last score, which no key uses. */
    static void finishRow(float[] scores, int r, int stride, float[] parts, @Nullable Tensor stats, int headRow) {
        float sum = parts[VectorSum.PARTS + 1];
        if (stats != null) {
            int at = stats.offset() + 2 * headRow;
            stats.floats()[at] = parts[VectorSum.PARTS];
            stats.floats()[at + 1] = sum;
        }
        scores[(r + 1) * stride - 1] = 1f / sum;
    }

    /** Index of a row among [N, H] when the query heads of a kv head are stacked token by token. */
    private static int headRow(int start, int from, int row, int group, int heads, int kvHead) {
        return (start + from + row / group) * heads + kvHead * group + row % group;
    }

    /** Floats between rows of scores over {@code keys} keys: whole pages, what a tile may write past them, one to spare. */
    static int scoreStride(int keys) {
        return (keys + PAGE - 1) / PAGE * PAGE + 4 * PAGE + PAGE;
    }

    /** Writes one query to column {@code r} of [headDim, 4]. */
    static void packQuery(Tensor q, int at, int headDim, float[] queries, int r) {
        float[] from = q.floats();
        int first = q.offset() + at;
        for (int i = 0; i < headDim; i++) {
            queries[i * ROWS + r] = from[first + i];
        }
    }

    /** Dot products with the keys [base, end) and some more up to the end of a tile; base is the first of a page. */
    static void scores(
            int headDim, float[] queries, float[][] pages, int keyBase, int base, int end, float[] scores, int stride) {
        int vectors = (end + L - 1) / L;
        for (int v = base / L; v < vectors; v += 2) {
            int next = Math.min(v + 1, vectors - 1);
            AttentionTiles.scores4x2(
                    headDim,
                    queries,
                    0,
                    pages[v * L / PAGE],
                    keyBase + v * L % PAGE,
                    pages[next * L / PAGE],
                    keyBase + next * L % PAGE,
                    scores,
                    v * L - base,
                    stride);
        }
    }

    /**
     * Turns dot products into e = exp(scale · s − max) over the indices [first, end), scores capped if the form says so, and
     * into 0 around them up to whole pages. Leaves the maximum in parts[16] and the sum in parts[17].
     */
    static void exponentials(float[] s, int at, int first, int end, AttentionForm form, float[] parts) {
        float scale = form.scale();
        if (form.softCap() > 0) {
            float[] scratch = Scratch.current().get(Slot.EXPONENTIALS, VectorExp.CHUNK);
            VectorTanh.tanh(s, at + first, end - first, scale, form.softCap(), scratch);
            scale = form.softCap();
        }
        int from = first & -PAGE; // a row of a windowed block may begin later than the block
        int to = (end + PAGE - 1) & -PAGE;
        float max = Float.NEGATIVE_INFINITY;
        int i = first;
        for (int whole = Math.min(end, (first + PAGE - 1) & -PAGE); i < whole; i++) {
            s[at + i] *= scale;
            max = Math.max(max, s[at + i]);
        }
        max = scaleAndMax(s, at + i, end - i, scale, max);
        Arrays.fill(s, at + from, at + first, Float.NEGATIVE_INFINITY);
        Arrays.fill(s, at + end, at + to, Float.NEGATIVE_INFINITY);
        VectorExp.exp(s, at + from, to - from, 1f, max, s, at + from);
        partialSums(s, at + from, to - from, parts);
        float sum = VectorSum.fold(parts);
        parts[VectorSum.PARTS] = max;
        parts[VectorSum.PARTS + 1] = sum;
    }

    /** Multiplies x[at .. at + n) by {@code factor}; the largest product, or {@code max} if that is larger. */
    private static float scaleAndMax(float[] x, int at, int n, float factor, float max) {
        FloatVector m0 = FloatVector.broadcast(Lanes.FLOATS, max);
        FloatVector m1 = m0;
        int i = 0;
        int bound = n - 2 * L;
        for (; i <= bound; i += 2 * L) {
            FloatVector x0 = FloatVector.fromArray(Lanes.FLOATS, x, at + i).mul(factor);
            FloatVector x1 = FloatVector.fromArray(Lanes.FLOATS, x, at + i + L).mul(factor);
            x0.intoArray(x, at + i);
            x1.intoArray(x, at + i + L);
            m0 = m0.max(x0);
            m1 = m1.max(x1);
        }
        float largest = m0.max(m1).reduceLanes(VectorOperators.MAX);
        for (; i < n; i++) {
            x[at + i] *= factor;
            largest = Math.max(largest, x[at + i]);
        }
        return largest;
    }

    /** The 16 partial sums of n elements, a multiple of 16. */
    private static void partialSums(float[] x, int at, int n, float[] parts) {
        for (int lane = 0; lane < VectorSum.PARTS; lane += L) {
            FloatVector sum = FloatVector.zero(Lanes.FLOATS);
            for (int i = lane; i < n; i += VectorSum.PARTS) {
                sum = sum.add(FloatVector.fromArray(Lanes.FLOATS, x, at + i));
            }
            sum.intoArray(parts, lane);
        }
    }

    /** Adds e_j v_j over the keys [first, end) to four rows of sums; e of key j at {@code eAt + j}. */
    static void values(
            float[][] pages, int first, int end, int valueBase, int width, float[] e, int eAt, int eRow, float[] sums) {
        int i = 0;
        for (; i + 2 * L <= width; i += 2 * L) {
            AttentionTiles.values4x2(pages, first, end, valueBase + i, width, e, eAt, eRow, sums, i, width);
        }
        if (i < width) {
            AttentionTiles.values4x1(pages, first, end, valueBase + i, width, e, eAt, eRow, sums, i, width);
        }
    }

    /** The same for one row. */
    private static void rowValues(
            float[][] pages,
            int first,
            int end,
            int valueBase,
            int width,
            float[] e,
            int eAt,
            float[] sums,
            int sumsAt) {
        for (int j = first; j < end; ) {
            int n = Math.min(end, (j | (PAGE - 1)) + 1) - j;
            AttentionTiles.sums1(
                    n, e, eAt + j, 1, pages[j / PAGE], valueBase + j % PAGE * width, width, sums, sumsAt, width);
            j += n;
        }
    }

    /** out = x · factor. */
    static void scaled(float[] x, int xAt, float factor, float[] out, int outAt, int n) {
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector.fromArray(Lanes.FLOATS, x, xAt + i).mul(factor).intoArray(out, outAt + i);
        }
        for (; i < n; i++) {
            out[outAt + i] = x[xAt + i] * factor;
        }
    }
}
