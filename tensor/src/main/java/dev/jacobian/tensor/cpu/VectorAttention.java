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
 *   <li>Rows go in tiles of four ({@link AttentionForwardBlock}). Memory is 4 or 16 rows of scores per thread: linear in the
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

    /** Rows of a tile. */
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
        AttentionForwardBlock.run(q, batch, s, from, to, kvHead, form, out, stats);
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

    /**
     * Dot products with the keys [first, end) and some more up to the end of a tile; first is the first of a page. Those of row r and key j
     * go to {@code sAt + r * sRow + j}.
     */
    static void scores(
            int headDim,
            float[] queries,
            int qFrom,
            float[][] pages,
            int keyBase,
            int first,
            int end,
            float[] scores,
            int sAt,
            int sRow) {
        int vectors = (end + L - 1) / L;
        for (int v = first / L; v < vectors; v += 2) {
            int next = Math.min(v + 1, vectors - 1);
            AttentionTiles.scores4x2(
                    headDim,
                    queries,
                    qFrom,
                    pages[v * L / PAGE],
                    keyBase + v * L % PAGE,
                    pages[next * L / PAGE],
                    keyBase + next * L % PAGE,
                    scores,
                    sAt + v * L,
                    sRow);
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

    /** Adds e_j v_j over the keys [first, end) to four rows of sums; e of key j of row r at {@code eAt + r * eRow + j}. */
    static void values(
            float[][] pages,
            int first,
            int end,
            int valueBase,
            int width,
            float[] e,
            int eAt,
            int eRow,
            float[] sums,
            int sumsAt) {
        int i = 0;
        for (; i + 2 * L <= width; i += 2 * L) {
            AttentionTiles.values4x2(pages, first, end, valueBase + i, width, e, eAt, eRow, sums, sumsAt + i, width);
        }
        if (i < width) {
            AttentionTiles.values4x1(pages, first, end, valueBase + i, width, e, eAt, eRow, sums, sumsAt + i, width);
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
