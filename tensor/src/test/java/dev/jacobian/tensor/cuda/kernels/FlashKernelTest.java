// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static dev.jacobian.tensor.Numbers.normal;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Numbers;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.emulation.EmulatedMemory;
import dev.jacobian.tensor.cuda.emulation.KernelTestBase;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Flash attention is attention up to the rounding of its weights to BF16, whatever the lengths, heads and masks, and a row has
 * the same bits wherever it stands.
 */
class FlashKernelTest extends KernelTestBase {
    private static final int QUERIES = 128; // of a tile

    @Test
    void lengthsOfEveryTail() {
        for (int length : new int[] {1, 15, 16, 17, 63, 64, 65, 130}) {
            check(Segments.of(length), 1, 1, 64, 0, 0);
        }
    }

    @Test
    void headsAndHeadSizes() {
        check(Segments.of(70), 2, 2, 64, 0, 0);
        check(Segments.of(70), 4, 2, 32, 0, 0);
        check(Segments.of(70), 4, 1, 16, 0, 0);
        check(Segments.of(70), 2, 1, 40, 0, 0);
        check(Segments.of(130), 2, 1, 128, 0, 0);
        check(Segments.of(33), 3, 3, 80, 0, 0);
    }

    @Test
    void windowsAndCaps() {
        for (int window : new int[] {1, 2, 7, 47, 64, 100}) {
            check(Segments.of(140), 1, 1, 32, window, 0);
        }
        check(Segments.of(90), 2, 1, 64, 0, 3);
        check(Segments.of(130), 1, 1, 128, 50, 1.5);
    }

    @Test
    void segmentsThatShareAParent() {
        Segments segments = Segments.of(new int[] {6, 75, 4, 0, 67, 1, 35}, new int[] {-1, -1, 0, 1, 1, -1, 1});
        check(segments, 2, 1, 64, 0, 0);
        check(segments, 1, 1, 32, 40, 0);
        check(Segments.of(new int[] {34, 20, 5}, new int[] {-1, 0, 0}), 2, 1, 128, 18, 20);
    }

    @Test
    void childrenFarFromTheirParent() {
        check(RaggedBatch.manySegments(), 2, 1, 32, 0, 0);
    }

    @Test
    void aRowHasTheSameBitsWhereverItStands() {
        for (int headDim : new int[] {64, 128}) {
            sameBits(150, headDim, 0, 0);
            sameBits(150, headDim, 60, 5);
        }
    }

    @Test
    void decodingHasTheBitsOfTheWholeSequence() {
        decode(new int[] {1, 16, 63, 64, 65, 129, 150}, 4, 2, 64, 0, 0);
        decode(new int[] {5, 140}, 7, 1, 128, 70, 0);
        decode(new int[] {90}, 20, 1, 40, 0, 4);
    }

    private void decode(int[] lengths, int heads, int kvHeads, int headDim, int window, double softCap) {
        Problem problem = new Problem(Segments.of(lengths), heads, kvHeads, headDim, window, softCap);
        int width = heads * headDim;
        Tensor whole = problem.packed(problem.batch.tiles(QUERIES))
                .read(problem.oracle.segments().rows(), width);
        Tensor q = Tensor.zeros(lengths.length, width); // of the last tokens
        Tensor expected = Tensor.zeros(lengths.length, width);
        for (int s = 0; s < lengths.length; s++) {
            int last = problem.oracle.segments().start(s) + lengths[s] - 1;
            q.slice(0, s, s + 1).copyFrom(problem.q.slice(0, last, last + 1));
            expected.slice(0, s, s + 1).copyFrom(whole.slice(0, last, last + 1));
        }
        RaggedBatch.Pages pages = problem.batch.pages(rng, kvHeads, headDim, problem.k, problem.v);
        EmulatedMemory out = device.allocate(DType.BF16, lengths.length * width);
        run(
                "flash_decode_" + problem.compiled(),
                lengths.length,
                kvHeads,
                128,
                640 * problem.compiled() + 16,
                device.copy(q, DType.BF16),
                device.copy(pages.keys(), DType.BF16),
                device.copy(pages.values(), DType.BF16),
                device.copy(pages.table()),
                pages.perSequence(),
                device.copy(lengths),
                heads,
                kvHeads,
                headDim,
                (float) problem.oracle.scale(),
                window,
                (float) softCap,
                out);
        Numbers.assertSameBits(out.read(lengths.length, width), expected, "decoding, " + problem);
    }

    private void sameBits(int length, int headDim, int window, double softCap) {
        int heads = 2;
        Problem problem = new Problem(Segments.of(length), heads, 1, headDim, window, softCap);
        int[] whole = problem.batch.tiles(QUERIES);
        Tensor expected = problem.packed(whole).read(length, heads * headDim);
        for (int first : new int[] {1, 62, 64, 77, 149}) {
            Tensor shifted = problem.packed(0, first).read(length, heads * headDim);
            int end = Math.min(first + QUERIES, length);
            Numbers.assertSameBits(
                    shifted.slice(0, first, end),
                    expected.slice(0, first, end),
                    "rows of a tile from " + first + ", " + problem);
        }
        Numbers.assertSameBits(problem.paged(whole).read(length, heads * headDim), expected, "over pages, " + problem);

        // Each of some rows alone, as the only row of a segment that continues the rows before it.
        for (int row : new int[] {1, 63, 64, 65, 127, 128, 149}) {
            Problem alone = new Problem(
                    Segments.of(new int[] {row, 1}, new int[] {-1, 0}),
                    heads,
                    1,
                    headDim,
                    window,
                    softCap,
                    problem.q.slice(0, 0, row + 1).copy(),
                    problem.k.slice(0, 0, row + 1).copy(),
                    problem.v.slice(0, 0, row + 1).copy());
            Tensor wanted = expected.slice(0, row, row + 1);
            Numbers.assertSameBits(
                    alone.packed(1, 0).read(row + 1, heads * headDim).slice(0, row, row + 1),
                    wanted,
                    "row " + row + " alone, " + problem);
            Numbers.assertSameBits(
                    alone.paged(1, 0).read(row + 1, heads * headDim).slice(0, row, row + 1),
                    wanted,
                    "row " + row + " alone over pages, " + problem);
        }
    }

    private void check(Segments segments, int heads, int kvHeads, int headDim, int window, double softCap) {
        Problem problem = new Problem(segments, heads, kvHeads, headDim, window, softCap);
        int[] tiles = problem.batch.tiles(QUERIES);
        FlashOracle.Forward forward = problem.oracle.forward(problem.q, problem.k, problem.v);
        EmulatedMemory out = problem.packed(tiles);
        assertNear(out, forward.out(), "out, " + problem);
        assertNear(problem.stats, forward.stats(), "stats, " + problem);
        Tensor packed = out.read(segments.rows(), heads * headDim);
        Numbers.assertSameBits(
                problem.paged(tiles).read(segments.rows(), heads * headDim), packed, "over pages, " + problem);
        checkGradients(problem);
    }

    /** The same for gradients. */
    private void checkGradients(Problem problem) {
        FlashOracle of = problem.oracle;
        int n = of.segments().rows();
        int elements = n * of.heads() * of.headDim();
        int keyElements = n * of.kvHeads() * of.headDim();
        int[] tiles = problem.batch.tiles(QUERIES);
        EmulatedMemory out = problem.packed(tiles);
        Tensor dOut = rounded(normal(rng, n, of.heads() * of.headDim()), DType.BF16);
        EmulatedMemory deviceDOut = device.copy(dOut, DType.BF16);
        EmulatedMemory facts = device.allocate(DType.F32, 2 * n * of.heads());
        long count = (long) n * of.heads();
        run("flash_facts", blocks(count, 16), 1, 256, 0, deviceDOut, out, problem.stats, count, of.headDim(), facts);

        EmulatedMemory dQ = device.allocate(DType.BF16, elements);
        EmulatedMemory dK = device.allocate(DType.BF16, keyElements);
        EmulatedMemory dV = device.allocate(DType.BF16, keyElements);
        int d = problem.compiled();
        List<Object> arguments = new ArrayList<>(List.of(
                deviceDOut,
                problem.deviceQ,
                problem.deviceK,
                problem.deviceV,
                facts,
                problem.starts,
                problem.parents,
                device.copy(tiles),
                of.heads(),
                of.kvHeads(),
                of.headDim(),
                (float) of.scale(),
                of.window(),
                (float) of.softCap(),
                dQ));
        run(
                "flash_query_gradient_" + d,
                tiles.length / 2,
                of.heads(),
                d > 64 ? 256 : 128,
                512 * d,
                arguments.toArray());
        arguments.add(7, of.segments().count());
        arguments.set(arguments.size() - 1, dK);
        arguments.add(dV);
        run(
                "flash_key_gradient_" + d,
                tiles.length / 2,
                of.kvHeads(),
                d > 64 ? 256 : 128,
                (d == 64 ? 768 : 512) * d + 1040,
                arguments.toArray());

        Tensor stored = out.read(n, of.heads() * of.headDim());
        float[] stats = problem.stats.read(n, of.heads(), 2).floats();
        FlashOracle.Backward expected = of.backward(dOut, problem.q, problem.k, problem.v, stored, stats);
        assertNear(dQ, expected.dQ(), "dQ, " + problem);
        assertNear(dK, expected.dK(), "dK, " + problem);
        assertNear(dV, expected.dV(), "dV, " + problem);
    }

    private static void assertNear(EmulatedMemory actual, FlashOracle.Near expected, String what) {
        assertNear(actual, Tensor.of(expected.values(), expected.values().length), expected.bounds(), what);
    }

    /** Inputs of attention in BF16, here and on the device. */
    private final class Problem {
        final RaggedBatch batch;
        final FlashOracle oracle;
        final Tensor q; // [N, heads · headDim]
        final Tensor k; // [N, kvHeads · headDim]
        final Tensor v; // [N, kvHeads · headDim]
        final EmulatedMemory deviceQ;
        final EmulatedMemory deviceK;
        final EmulatedMemory deviceV;
        final EmulatedMemory starts;
        final EmulatedMemory parents;
        EmulatedMemory stats; // of the last run

        Problem(Segments segments, int heads, int kvHeads, int headDim, int window, double softCap) {
            this(
                    segments,
                    heads,
                    kvHeads,
                    headDim,
                    window,
                    softCap,
                    rounded(normal(rng, segments.rows(), heads * headDim), DType.BF16),
                    rounded(normal(rng, segments.rows(), kvHeads * headDim), DType.BF16),
                    rounded(normal(rng, segments.rows(), kvHeads * headDim), DType.BF16));
        }

        Problem(
                Segments segments,
                int heads,
                int kvHeads,
                int headDim,
                int window,
                double softCap,
                Tensor q,
                Tensor k,
                Tensor v) {
            // Twice the usual scale: weights that differ much, so that the largest score grows from block to block.
            float scale = (float) (2 / Math.sqrt(headDim));
            this.batch = new RaggedBatch(segments);
            this.oracle = new FlashOracle(segments, heads, kvHeads, headDim, scale, window, softCap);
            this.q = q;
            this.k = k;
            this.v = v;
            this.deviceQ = device.copy(q, DType.BF16);
            this.deviceK = device.copy(k, DType.BF16);
            this.deviceV = device.copy(v, DType.BF16);
            this.starts = device.copy(batch.starts());
            this.parents = device.copy(batch.parents());
        }

        @Override
        public String toString() {
            return oracle.heads() + "/" + oracle.kvHeads() + " heads of " + oracle.headDim() + ", rows "
                    + oracle.segments().rows() + ", window " + oracle.window() + ", cap " + oracle.softCap();
        }

        private int compiled() {
            return oracle.headDim() <= 32 ? 32 : oracle.headDim() <= 64 ? 64 : 128;
        }

        EmulatedMemory packed(int... tiles) {
            List<Object> arguments = new ArrayList<>(List.of(deviceQ, deviceK, deviceV, starts, parents));
            return forward("flash_", tiles, arguments);
        }

        EmulatedMemory paged(int... tiles) {
            RaggedBatch.Pages pages = batch.pages(rng, oracle.kvHeads(), oracle.headDim(), k, v);
            List<Object> arguments = new ArrayList<>(List.of(
                    deviceQ,
                    device.copy(pages.keys(), DType.BF16),
                    device.copy(pages.values(), DType.BF16),
                    device.copy(pages.table()),
                    pages.perSequence(),
                    starts,
                    device.copy(batch.histories())));
            return forward("flash_paged_", tiles, arguments);
        }

        private EmulatedMemory forward(String kernel, int[] tiles, List<Object> arguments) {
            int n = oracle.segments().rows();
            EmulatedMemory out = device.allocate(DType.BF16, n * oracle.heads() * oracle.headDim());
            stats = device.allocate(DType.F32, 2 * n * oracle.heads());
            arguments.addAll(List.of(
                    device.copy(tiles),
                    oracle.heads(),
                    oracle.kvHeads(),
                    oracle.headDim(),
                    (float) oracle.scale(),
                    oracle.window(),
                    (float) oracle.softCap(),
                    out,
                    stats));
            run(kernel + compiled(), tiles.length / 2, oracle.heads(), 128, 768 * compiled() + 16, arguments.toArray());
            return out;
        }
    }

    /** Launches with dynamic shared memory. */
    private void run(String kernel, int gridX, int gridY, int threads, int sharedBytes, Object... arguments) {
        assertThat(device.tryLaunch(kernel, gridX, gridY, threads, sharedBytes, arguments))
                .isNull();
        IntStream.range(0, arguments.length)
                .mapToObj(i -> arguments[i])
                .filter(EmulatedMemory.class::isInstance)
                .forEach(memory -> ((EmulatedMemory) memory).checkGuards(kernel));
    }
}
