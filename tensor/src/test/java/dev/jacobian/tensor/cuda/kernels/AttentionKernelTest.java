// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static dev.jacobian.tensor.Numbers.normal;

import dev.jacobian.tensor.AttentionForm;
import dev.jacobian.tensor.CachedRows;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Numbers;
import dev.jacobian.tensor.Qkv;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.emulation.EmulatedMemory;
import dev.jacobian.tensor.cuda.emulation.KernelTestBase;
import org.junit.jupiter.api.Test;

/** Attention over ragged batches and over paged caches, and its gradients, have the reference's bits. */
class AttentionKernelTest extends KernelTestBase {
    private float softCap; // 0 but where a test is of it

    @Test
    void shortBatchesOfEveryLength() {
        for (int length = 1; length <= 70; length += length < 20 || length % 16 > 12 ? 1 : 3) {
            check(DType.F32, Segments.of(length), 2, 1, 32, length % 3 * 5, false);
        }
    }

    @Test
    void headsAndWindows() {
        int[] lengths = {6, 40, 4, 0, 17, 1, 35};
        int[] parents = {-1, -1, 0, 1, 1, -1, 0};
        for (DType type : TYPES) {
            for (int window : new int[] {0, 1, 7, 33, 100}) {
                check(type, Segments.of(lengths, parents), 2, 2, 32, window, false);
            }
            check(type, Segments.of(lengths, parents), 6, 2, 64, 0, false);
            check(type, Segments.of(new int[] {34, 20, 5}, new int[] {-1, 0, 0}), 3, 1, 128, 18, false);
        }
    }

    @Test
    void childrenFarFromTheirParent() {
        check(DType.F32, RaggedBatch.manySegments(), 2, 1, 32, 0, false);
        check(DType.BF16, RaggedBatch.manySegments(), 1, 1, 64, 2, false);
    }

    @Test
    void headsOfAnySize() {
        int[] lengths = {5, 33, 0, 18};
        int[] parents = {-1, 0, -1, 0};
        for (int headDim : new int[] {1, 8, 12, 16, 24, 33, 48, 80, 127}) {
            check(DType.F32, Segments.of(lengths, parents), 4, 2, headDim, headDim % 7 * 4, headDim == 12);
        }
        for (int headDim : new int[] {10, 40, 96}) {
            check(DType.BF16, Segments.of(lengths, parents), 2, 1, headDim, 0, false);
        }
    }

    /** A score of -0, from an underflow in its last product: what fills a row up may not make it +0. */
    @Test
    void surplusKeepsNegativeZero() {
        float[] x = new float[12];
        x[11] = 1e-30f;
        Tensor k = Tensor.of(x, 1, 12);
        Tensor q = Tensor.zeros(1, 12);
        reference.elementwise().scale(k, -1, q);
        check(DType.F32, Segments.of(1), 1, 1, 12, 0, q, k, k, k);
    }

    @Test
    void softCaps() {
        for (float cap : new float[] {30f, 0.5f}) {
            softCap = cap;
            check(DType.F32, Segments.of(new int[] {5, 33, 0, 18}, new int[] {-1, 0, -1, 0}), 4, 2, 32, 9, false);
            check(DType.BF16, Segments.of(35), 2, 1, 64, 0, false);
        }
    }

    @Test
    void notANumberAndInfinities() {
        check(DType.F32, Segments.of(new int[] {5, 0, 23, 40}, new int[] {-1, 0, 0, -1}), 2, 1, 32, 0, true);
        check(DType.F32, Segments.of(50, 3), 2, 2, 64, 20, true);
    }

    /** The head size that the kernels for heads of {@code headDim} are compiled for. */
    static int compiledFor(int headDim) {
        return headDim <= 32 ? 32 : headDim <= 64 ? 64 : 128;
    }

    private void check(DType type, Segments segments, int heads, int kvHeads, int headDim, int window, boolean wild) {
        int n = segments.rows();
        Tensor q = rounded(normal(rng, n, heads * headDim), type);
        Tensor k = rounded(wild ? Numbers.wild(rng, n, kvHeads * headDim) : normal(rng, n, kvHeads * headDim), type);
        Tensor v = rounded(wild ? Numbers.wild(rng, n, kvHeads * headDim) : normal(rng, n, kvHeads * headDim), type);
        Tensor dOut = rounded(normal(rng, n, heads * headDim), type);
        check(type, segments, heads, kvHeads, headDim, window, q, k, v, dOut);
    }

    /** A batch whose keys are all in it, forward and backward; on the device also over pages with the same keys. */
    private void check(
            DType type,
            Segments segments,
            int heads,
            int kvHeads,
            int headDim,
            int window,
            Tensor q,
            Tensor k,
            Tensor v,
            Tensor dOut) {
        int n = segments.rows();
        float scale = (float) (1 / Math.sqrt(headDim));
        String what = heads + "/" + kvHeads + " heads of " + headDim + ", rows " + n + ", window " + window;

        KvCache cache = reference.attention().newKvCache(1, kvHeads, headDim);
        int[] sequences = new int[segments.count()];
        for (int s = 0; s < sequences.length; s++) {
            int parent = segments.parent(s);
            sequences[s] = parent < 0 ? cache.add() : cache.fork(sequences[parent], segments.length(parent));
        }
        cache.append(0, sequences, segments, k, v);
        Tensor exact = Tensor.zeros(n, heads * headDim);
        Tensor expectedStats = Tensor.zeros(n, heads, 2);
        reference
                .attention()
                .attention(
                        q,
                        new CachedRows(cache, 0, sequences, segments),
                        new AttentionForm(headDim, scale, window, softCap),
                        exact,
                        expectedStats);
        Tensor expected = rounded(exact, type);

        EmulatedMemory deviceQ = device.copy(q, type);
        EmulatedMemory deviceK = device.copy(k, type);
        EmulatedMemory deviceV = device.copy(v, type);
        EmulatedMemory out = device.allocate(type, n * heads * headDim);
        EmulatedMemory stats = device.allocate(DType.F32, 2 * n * heads);
        RaggedBatch batch = new RaggedBatch(segments);
        EmulatedMemory starts = device.copy(batch.starts());
        EmulatedMemory parents = device.copy(batch.parents());
        int[] tiles = batch.tiles(32);
        String kernel = suffix(type) + "_" + compiledFor(headDim);
        device.launch(
                "attention" + kernel,
                tiles.length / 2,
                heads,
                256,
                deviceQ,
                deviceK,
                deviceV,
                starts,
                parents,
                device.copy(tiles),
                heads,
                kvHeads,
                headDim,
                scale,
                window,
                softCap,
                out,
                stats);
        assertSame(stats, expectedStats, DType.F32, "stats, " + what);
        assertSame(out, expected, type, what);

        RaggedBatch.Pages pages = batch.pages(rng, kvHeads, headDim, k, v);
        EmulatedMemory overPages = device.allocate(type, n * heads * headDim);
        device.launch(
                "attention_paged" + kernel,
                tiles.length / 2,
                heads,
                256,
                deviceQ,
                device.copy(pages.keys(), type),
                device.copy(pages.values(), type),
                device.copy(pages.table()),
                pages.perSequence(),
                starts,
                device.copy(batch.histories()),
                device.copy(tiles),
                heads,
                kvHeads,
                headDim,
                scale,
                window,
                softCap,
                overPages,
                null);
        assertSame(overPages, expected, type, "over pages, " + what);

        Tensor dQ = Tensor.zeros(n, heads * headDim);
        Tensor dK = Tensor.zeros(n, kvHeads * headDim);
        Tensor dV = Tensor.zeros(n, kvHeads * headDim);
        reference
                .attention()
                .attentionBackward(
                        dOut,
                        new Qkv(q, k, v),
                        expected,
                        expectedStats,
                        segments,
                        new AttentionForm(headDim, scale, window, softCap),
                        new Qkv(dQ, dK, dV));
        EmulatedMemory deviceDOut = device.copy(dOut, type);
        EmulatedMemory deltas = device.allocate(DType.F32, n * heads);
        device.launch(
                "attention_delta" + suffix(type),
                blocks((long) n * heads, 16),
                1,
                256,
                deviceDOut,
                out,
                (long) n * heads,
                headDim,
                deltas);
        EmulatedMemory deviceDQ = device.allocate(type, n * heads * headDim);
        EmulatedMemory deviceDK = device.allocate(type, n * kvHeads * headDim);
        EmulatedMemory deviceDV = device.allocate(type, n * kvHeads * headDim);
        int[] backwardTiles = batch.tiles(16);
        device.launch(
                "attention_query_gradient" + kernel,
                backwardTiles.length / 2,
                heads,
                128,
                deviceDOut,
                deviceQ,
                deviceK,
                deviceV,
                stats,
                deltas,
                starts,
                parents,
                device.copy(backwardTiles),
                heads,
                kvHeads,
                headDim,
                scale,
                window,
                softCap,
                deviceDQ);
        assertSame(deviceDQ, dQ, type, "dQ, " + what);
        device.launch(
                "attention_key_gradient" + kernel,
                backwardTiles.length / 2,
                kvHeads,
                128,
                deviceDOut,
                deviceQ,
                deviceK,
                deviceV,
                stats,
                deltas,
                starts,
                parents,
                segments.count(),
                device.copy(backwardTiles),
                heads,
                kvHeads,
                headDim,
                scale,
                window,
                softCap,
                deviceDK,
                deviceDV);
        assertSame(deviceDK, dK, type, "dK, " + what);
        assertSame(deviceDV, dV, type, "dV, " + what);
    }
}
