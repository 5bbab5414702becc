// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.cpu.Scratch.Slot;
import dev.jacobian.tensor.cpu.VectorAttentionBackward.Problem;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * The working memory of one task of {@link VectorAttentionBackward}, and its loops: the query rows of segment after segment, {@link
 * #ROWS} at a time, against the keys that they see.
 */
final class AttentionBackwardBlock {
    private static final int L = Lanes.COUNT;
    private static final int PAGE = KvCache.PAGE;

    /** Query rows of a block; a multiple of 4. */
    private static final int ROWS = 32;

    private final Problem problem;
    private final int headDim;
    private final int width;
    private final int group;
    private final int kvHead;
    private final int stride;
    private final float[] keyGradient; // [T, width]
    private final float[] valueGradient; // [T, width]
    private final float[] keyStrips; // [T/16, headDim, 16]
    private final float[] valueStrips; // [T/16, headDim, 16]
    private final float[] keyRows; // [T, width]
    private final float[] queryRows; // [2, ROWS, width]: q, then dOut
    private final float[] queries; // [2, headDim, 4]: q, then dOut
    private final float[] probabilities; // [ROWS, stride]
    private final float[] slopes; // [ROWS, stride]: dOut·v, then dS
    private final float[] sums; // [ROWS, width]
    private final float[] tanhs; // [stride], of one row where scores are capped
    private final float[] parts;

    AttentionBackwardBlock(
            Problem problem, Scratch scratch, int keys, int kvHead, float[] keyGradient, float[] valueGradient) {
        this.problem = problem;
        this.headDim = problem.headDim();
        this.width = problem.width();
        this.group = problem.heads() / problem.kvHeads();
        this.kvHead = kvHead;
        this.stride = VectorAttention.scoreStride(keys);
        this.keyGradient = keyGradient;
        this.valueGradient = valueGradient;
        int pages = (keys + PAGE - 1) / PAGE;
        keyStrips = scratch.get(Slot.KEY_STRIPS, pages * headDim * PAGE);
        valueStrips = scratch.get(Slot.VALUE_STRIPS, pages * headDim * PAGE);
        keyRows = scratch.get(Slot.KEY_ROWS, keys * width);
        queryRows = scratch.get(Slot.QUERY_ROWS, 2 * ROWS * width);
        queries = scratch.get(Slot.QUERIES, 2 * headDim * 4);
        probabilities = scratch.get(Slot.SCORES, ROWS * stride);
        slopes = scratch.get(Slot.SLOPES, ROWS * stride);
        sums = scratch.get(Slot.OUT_ROWS, ROWS * width);
        tanhs = problem.softCap() > 0 ? scratch.get(Slot.TILE, Math.max(stride, VectorExp.CHUNK)) : new float[0];
        parts = scratch.get(Slot.LANES, 2 * VectorSum.PARTS);
        // Padding elements of a row are multiplied and dropped: old numbers there could only cost time.
        Arrays.fill(keyRows, 0, keys * width, 0f);
        Arrays.fill(queryRows, 0, 2 * ROWS * width, 0f);
    }

    /** All query rows of one segment and of the query heads of the kv head. */
    void segment(int s) {
        Segments segments = problem.segments();
        int history = segments.history(s);
        int length = segments.length(s);
        if (length == 0) {
            return;
        }
        for (int seen : segments.path(s)) {
            gather(segments.start(seen), segments.length(seen), segments.history(seen));
        }
        int rows = length * group;
        for (int row = 0; row < rows; row += ROWS) {
            block(segments.start(s), history, row, Math.min(ROWS, rows - row));
        }
    }

    /** Copies keys and values of {@code count} batch rows to positions from {@code position} on. */
    private void gather(int row, int count, int position) {
        float[] ks = problem.k().floats();
        float[] vs = problem.v().floats();
        for (int i = 0; i < count; i++) {
            int at = ((row + i) * problem.kvHeads() + kvHead) * headDim;
            int kAt = problem.k().offset() + at;
            int vAt = problem.v().offset() + at;
            int j = position + i;
            System.arraycopy(ks, kAt, keyRows, j * width, headDim);
            int to = j / PAGE * headDim * PAGE + j % PAGE;
            for (int d = 0; d < headDim; d++) {
                keyStrips[to + d * PAGE] = ks[kAt + d];
                valueStrips[to + d * PAGE] = vs[vAt + d];
            }
        }
    }

    private int headRow(int start, int row) {
        return (start + row / group) * problem.heads() + kvHead * group + row % group;
    }

    /** Query rows [row, row + n) of a segment whose first batch row is {@code start}. */
    private void block(int start, int history, int row, int n) {
        int window = problem.window();
        int firstPosition = history + row / group;
        int lastPosition = history + (row + n - 1) / group;
        int firstKey = window > 0 ? Math.max(0, firstPosition - window + 1) : 0;
        int base = firstKey & -PAGE; // the key whose score stands at index 0
        for (int r = 0; r < n; r++) {
            int at = headRow(start, row + r) * headDim;
            System.arraycopy(problem.q().floats(), problem.q().offset() + at, queryRows, r * width, headDim);
            System.arraycopy(
                    problem.dOut().floats(), problem.dOut().offset() + at, queryRows, (ROWS + r) * width, headDim);
        }
        for (int r = 0; r < n; r += 4) {
            int rows = Math.min(4, n - r);
            scores(r, rows, base, history + (row + r + rows - 1) / group + 1);
        }
        for (int r = 0; r < n; r++) {
            slopes(r, headRow(start, row + r), history + (row + r) / group + 1 - base);
        }
        queryGradient(start, history, row, n, base);
        keyGradients(history, row, n, firstKey, lastPosition, base);
    }

    /** Scores and dOut·v of four rows against the keys [base, end). */
    private void scores(int r, int rows, int base, int end) {
        for (int c = 0; c < 4; c++) {
            int from = (r + Math.min(c, rows - 1)) * width;
            for (int d = 0; d < headDim; d++) {
                queries[d * 4 + c] = queryRows[from + d];
                queries[(headDim + d) * 4 + c] = queryRows[ROWS * width + from + d];
            }
        }
        int vectors = (end + L - 1) / L;
        for (int vector = base / L; vector < vectors; vector += 2) {
            int next = Math.min(vector + 1, vectors - 1);
            int at0 = vector * L / PAGE * headDim * PAGE + vector * L % PAGE;
            int at1 = next * L / PAGE * headDim * PAGE + next * L % PAGE;
            int to = r * stride + vector * L - base;
            AttentionTiles.scores4x2(headDim, queries, 0, keyStrips, at0, keyStrips, at1, probabilities, to, stride);
            AttentionTiles.scores4x2(
                    headDim, queries, headDim * 4, valueStrips, at0, valueStrips, at1, slopes, to, stride);
        }
    }

    /** p = exp(scale · s − m) / l and dS = p · (dOut·v − Δ) · scale over the first {@code keys} scores of a row. */
    private void slopes(int r, int headRow, int keys) {
        int statsAt = problem.stats().offset() + 2 * headRow;
        float max = problem.stats().floats()[statsAt];
        float inverse = 1f / problem.stats().floats()[statsAt + 1];
        float delta = VectorSum.dot(
                problem.dOut().floats(),
                problem.dOut().offset() + headRow * headDim,
                problem.out().floats(),
                problem.out().offset() + headRow * headDim,
                headDim,
                parts);
        int at = r * stride;
        float scale = problem.scale();
        if (problem.softCap() > 0) {
            VectorTanh.tanh(probabilities, at, keys, scale, problem.softCap(), tanhs);
            System.arraycopy(probabilities, at, tanhs, 0, keys);
            VectorExp.exp(probabilities, at, keys, problem.softCap(), max, probabilities, at);
        } else {
            VectorExp.exp(probabilities, at, keys, scale, max, probabilities, at);
        }
        slopes(probabilities, slopes, at, keys, scale, inverse, delta);
        if (problem.softCap() > 0) {
            flatten(slopes, at, keys, tanhs);
        }
    }

    /** ds · (1 − tanh²): the slope of the cap. */
    private static void flatten(float[] ds, int at, int n, float[] tanhs) {
        FloatVector one = FloatVector.broadcast(Lanes.FLOATS, 1f);
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector t = FloatVector.fromArray(Lanes.FLOATS, tanhs, i);
            FloatVector.fromArray(Lanes.FLOATS, ds, at + i)
                    .mul(t.neg().fma(t, one))
                    .intoArray(ds, at + i);
        }
        for (; i < n; i++) {
            ds[at + i] *= Math.fma(-tanhs[i], tanhs[i], 1f);
        }
    }

    private static void slopes(float[] ps, float[] ds, int at, int n, float scale, float inverse, float delta) {
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector p = FloatVector.fromArray(Lanes.FLOATS, ps, at + i).mul(inverse);
            p.intoArray(ps, at + i);
            FloatVector dP = FloatVector.fromArray(Lanes.FLOATS, ds, at + i);
            p.mul(dP.sub(delta)).mul(scale).intoArray(ds, at + i);
        }
        for (; i < n; i++) {
            float p = ps[at + i] * inverse;
            ps[at + i] = p;
            ds[at + i] = p * (ds[at + i] - delta) * scale;
        }
    }

    /** dQ = Σ_j dS k_j: four rows over the keys that all of them see, then each row's own. */
    private void queryGradient(int start, int history, int row, int n, int base) {
        int window = problem.window();
        Arrays.fill(sums, 0, n * width, 0f);
        for (int r = 0; r < n; r += 4) {
            int rows = Math.min(4, n - r);
            int common = history + (row + r) / group + 1;
            int lastPosition = history + (row + r + rows - 1) / group;
            int blockFirst = window > 0 ? Math.max(0, common - window) : 0;
            boolean together = rows == 4 && (window == 0 || lastPosition - window + 1 <= blockFirst);
            if (together) {
                AttentionTiles.sums4(
                        common - blockFirst,
                        slopes,
                        r * stride + blockFirst - base,
                        stride,
                        1,
                        keyRows,
                        blockFirst * width,
                        width,
                        sums,
                        r * width,
                        width,
                        width);
            }
            for (int c = r; c < r + rows; c++) {
                int position = history + (row + c) / group;
                int first = together ? common : window > 0 ? Math.max(0, position - window + 1) : 0;
                AttentionTiles.sums1(
                        position + 1 - first,
                        slopes,
                        c * stride + first - base,
                        1,
                        keyRows,
                        first * width,
                        width,
                        sums,
                        c * width,
                        width);
            }
        }
        for (int r = 0; r < n; r++) {
            int at = problem.dQ().offset() + headRow(start, row + r) * headDim;
            System.arraycopy(sums, r * width, problem.dQ().floats(), at, headDim);
        }
    }

    /**
     * dK_j += Σ dS q and dV_j += Σ p dOut over the block's rows, in order: for four keys at a time the rows that see all
     * four, and around these, key by key, the rows that see only some.
     */
    private void keyGradients(int history, int row, int n, int firstKey, int lastPosition, int base) {
        int j = firstKey;
        for (; j + 3 <= lastPosition; j += 4) {
            int from = firstRow(j + 3, history, row);
            int to = Math.max(from, endRow(j, history, row, n));
            for (int c = 0; c < 3; c++) {
                oneKey(j + c, firstRow(j + c, history, row), Math.min(from, endRow(j + c, history, row, n)), base);
            }
            if (from < to) {
                int at = from * stride + j - base;
                AttentionTiles.sums4(
                        to - from,
                        slopes,
                        at,
                        1,
                        stride,
                        queryRows,
                        from * width,
                        width,
                        keyGradient,
                        j * width,
                        width,
                        width);
                AttentionTiles.sums4(
                        to - from,
                        probabilities,
                        at,
                        1,
                        stride,
                        queryRows,
                        (ROWS + from) * width,
                        width,
                        valueGradient,
                        j * width,
                        width,
                        width);
            }
            for (int c = 0; c < 4; c++) {
                oneKey(j + c, to, endRow(j + c, history, row, n), base);
            }
        }
        for (; j <= lastPosition; j++) {
            oneKey(j, firstRow(j, history, row), endRow(j, history, row, n), base);
        }
    }

    /** The block's rows [from, to) for key j. */
    private void oneKey(int j, int from, int to, int base) {
        if (from < to) {
            int at = from * stride + j - base;
            AttentionTiles.sums1(
                    to - from, slopes, at, stride, queryRows, from * width, width, keyGradient, j * width, width);
            AttentionTiles.sums1(
                    to - from,
                    probabilities,
                    at,
                    stride,
                    queryRows,
                    (ROWS + from) * width,
                    width,
                    valueGradient,
                    j * width,
                    width);
        }
    }

    /** First row of the block that sees key j: its position has come. */
    private int firstRow(int j, int history, int row) {
        return Math.max(0, (j - history) * group - row);
    }

    /** One past the last row of the block that sees key j: the window has moved on. */
    private int endRow(int j, int history, int row, int n) {
        if (problem.window() == 0) {
            return n;
        }
        long end = (long) (j + problem.window() - history) * group - row;
        return Math.clamp(end, 0, n);
    }
}
