// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static dev.jacobian.tensor.Numbers.normal;

import dev.jacobian.tensor.AttentionForm;
import dev.jacobian.tensor.CachedRows;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Numbers;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.emulation.EmulatedMemory;
import dev.jacobian.tensor.cuda.emulation.KernelTestBase;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Attention of one new token over pages is the reference's up to rounding, and the same bits alone and in a batch. */
class DecodeKernelTest extends KernelTestBase {
    /** Weights off by up to 4 ulp, a rescaling for each of at most 20 tiles, and two chains of sums of at most 32 terms. */
    private static final float ROUNDINGS = 64 * 0x1p-24f;

    private float softCap; // 0 but where a test is of it

    @Test
    void sequencesOfAllLengths() {
        check(DType.F32, new int[] {1, 2, 16, 31, 32, 33, 255, 256, 257, 300, 513, 600}, 4, 2, 32, 0);
    }

    @Test
    void headsWindowsAndTypes() {
        for (DType type : TYPES) {
            for (int window : new int[] {0, 1, 40, 300}) {
                check(type, new int[] {5, 64, 290, 520}, 14, 2, 64, window);
            }
            check(type, new int[] {270, 3}, 16, 1, 128, 0);
            check(type, new int[] {40}, 3, 3, 32, 10);
        }
    }

    @Test
    void headsOfAnySize() {
        for (int headDim : new int[] {1, 8, 12, 24, 48, 80, 127}) {
            check(DType.F32, new int[] {20, 261, 3}, 6, 2, headDim, headDim % 5 * 10);
        }
        check(DType.BF16, new int[] {40, 258}, 4, 2, 40, 0);
    }

    @Test
    void softCaps() {
        softCap = 0.5f;
        check(DType.F32, new int[] {20, 261, 3}, 6, 2, 32, 0);
        check(DType.BF16, new int[] {40, 258}, 4, 2, 64, 30);
    }

    private void check(DType type, int[] lengths, int heads, int kvHeads, int headDim, int window) {
        int count = lengths.length;
        Segments all = Segments.of(lengths);
        Tensor k = rounded(normal(rng, all.rows(), kvHeads * headDim), type);
        Tensor v = rounded(normal(rng, all.rows(), kvHeads * headDim), type);
        Tensor q = rounded(normal(rng, count, heads * headDim), type);
        float scale = (float) (1 / Math.sqrt(headDim));

        // All tokens but the last are history; the last one's keys are appended with the query.
        KvCache cache = reference.attention().newKvCache(1, kvHeads, headDim);
        int[] sequences = new int[count];
        int[] ones = new int[count];
        Arrays.fill(ones, 1);
        Segments last = Segments.of(ones);
        for (int s = 0; s < count; s++) {
            sequences[s] = cache.add();
            int start = all.start(s);
            int end = start + lengths[s];
            Segments before = Segments.of(lengths[s] - 1);
            int[] one = {sequences[s]};
            cache.append(0, one, before, k.slice(0, start, end - 1), v.slice(0, start, end - 1));
            cache.advance(one, before);
            cache.append(0, one, Segments.of(1), k.slice(0, end - 1, end), v.slice(0, end - 1, end));
        }
        Tensor expected = Tensor.zeros(count, heads * headDim);
        reference
                .attention()
                .attention(
                        q,
                        new CachedRows(cache, 0, sequences, last),
                        new AttentionForm(headDim, scale, window, softCap),
                        expected,
                        null);

        RaggedBatch.Pages pages = new RaggedBatch(all).pages(rng, kvHeads, headDim, k, v);
        EmulatedMemory keyPages = device.copy(pages.keys(), type);
        EmulatedMemory valuePages = device.copy(pages.values(), type);
        Tensor batch = decode(type, q, keyPages, valuePages, pages, 0, lengths, heads, kvHeads, headDim, scale, window);
        float largest = 0;
        for (float value : v.toFloatArray()) {
            largest = Math.max(largest, Math.abs(value));
        }
        float[] actual = batch.toFloatArray();
        float[] wanted = expected.toFloatArray();
        for (int i = 0; i < wanted.length; i++) {
            float bound = ROUNDINGS * largest + (type == DType.BF16 ? Math.abs(wanted[i]) * 0x1p-8f : 0);
            if (!(Math.abs(actual[i] - wanted[i]) <= bound)) {
                throw new AssertionError(type + ", lengths " + Arrays.toString(lengths) + ", window " + window
                        + ": element " + i + " is " + actual[i] + ", the reference has " + wanted[i]);
            }
        }
        for (int s = 0; s < count; s++) {
            int[] own = {lengths[s]};
            Tensor query = q.slice(0, s, s + 1);
            Tensor alone =
                    decode(type, query, keyPages, valuePages, pages, s, own, heads, kvHeads, headDim, scale, window);
            Numbers.assertSameBits(alone, batch.slice(0, s, s + 1), "sequence " + s + " alone");
        }
    }

    /** Decodes the sequences from {@code first} on. */
    private Tensor decode(
            DType type,
            Tensor q,
            EmulatedMemory keyPages,
            EmulatedMemory valuePages,
            RaggedBatch.Pages pages,
            int first,
            int[] lengths,
            int heads,
            int kvHeads,
            int headDim,
            float scale,
            int window) {
        int count = lengths.length;
        int splits = blocks(Arrays.stream(lengths).max().orElseThrow(), 256);
        int from = first * pages.perSequence();
        int[] table = Arrays.copyOfRange(pages.table(), from, from + count * pages.perSequence());
        EmulatedMemory partials = device.allocate(DType.F32, count * heads * splits * headDim);
        EmulatedMemory stats = device.allocate(DType.F32, count * heads * splits * 2);
        EmulatedMemory deviceLengths = device.copy(lengths);
        EmulatedMemory out = device.allocate(type, count * heads * headDim);
        device.launch(
                "decode" + suffix(type) + "_" + AttentionKernelTest.compiledFor(headDim),
                count * splits,
                kvHeads,
                256,
                device.copy(q, type),
                keyPages,
                valuePages,
                device.copy(table),
                pages.perSequence(),
                deviceLengths,
                splits,
                heads,
                kvHeads,
                headDim,
                scale,
                window,
                softCap,
                partials,
                stats);
        device.launch(
                "decode_combine" + suffix(type),
                count * heads,
                1,
                64,
                partials,
                stats,
                deviceLengths,
                splits,
                heads,
                headDim,
                window,
                out);
        return out.read(count, heads * headDim);
    }
}
