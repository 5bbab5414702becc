// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static dev.jacobian.tensor.Numbers.assertSameBits;
import static dev.jacobian.tensor.Numbers.normal;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Attention and its gradients on the tested backend against the reference, bit for bit. */
class AttentionConformanceTest {
    private final Backend tested = TestedBackend.get();
    private final Backend reference = Backends.reference();
    private final int threads = ComputePool.threads();
    private float softCap; // 0 but where a test is of it

    @AfterEach
    void restoreThreads() {
        ComputePool.setThreads(threads);
    }

    /** A batch whose keys are all in the batch: forward from a fresh cache, then backward. */
    private void checkBatch(Rng rng, Segments segments, int heads, int kvHeads, int headDim, int window, boolean wild) {
        int n = segments.rows();
        Tensor q = normal(rng, n, heads * headDim);
        Tensor k = wild ? Numbers.wild(rng, n, kvHeads * headDim) : normal(rng, n, kvHeads * headDim);
        Tensor v = wild ? Numbers.wild(rng, n, kvHeads * headDim) : normal(rng, n, kvHeads * headDim);
        float scale = (float) (1 / Math.sqrt(headDim));
        String what = tested.name() + " " + heads + "/" + kvHeads + " heads of " + headDim + ", rows " + n + ", window "
                + window + ", cap " + softCap;

        KvCache cache = tested.attention().newKvCache(1, kvHeads, headDim);
        int[] sequences = sequences(cache, segments);
        cache.append(0, sequences, segments, k, v);
        Tensor expected = Tensor.zeros(n, heads * headDim);
        Tensor expectedStats = Tensor.zeros(n, heads, 2);
        reference
                .attention()
                .attention(
                        q,
                        new CachedRows(cache, 0, sequences, segments),
                        new AttentionForm(headDim, scale, window, softCap),
                        expected,
                        expectedStats);
        Tensor actual = normal(rng, n, heads * headDim);
        Tensor actualStats = normal(rng, n, heads, 2);
        tested.attention()
                .attention(
                        q,
                        new CachedRows(cache, 0, sequences, segments),
                        new AttentionForm(headDim, scale, window, softCap),
                        actual,
                        actualStats);
        assertSameBits(actualStats, expectedStats, what + ", stats");
        assertSameBits(actual, expected, what);
        actual.fill(7f);
        tested.attention()
                .attention(
                        q,
                        new CachedRows(cache, 0, sequences, segments),
                        new AttentionForm(headDim, scale, window, softCap),
                        actual,
                        null);
        assertSameBits(actual, expected, what + ", no stats");

        Tensor dOut = normal(rng, n, heads * headDim);
        Tensor[] wanted = {
            normal(rng, n, heads * headDim), normal(rng, n, kvHeads * headDim), normal(rng, n, kvHeads * headDim)
        };
        Tensor[] got = {wanted[0].copy(), wanted[1].copy(), wanted[2].copy()};
        reference
                .attention()
                .attentionBackward(
                        dOut,
                        new Qkv(q, k, v),
                        expected,
                        expectedStats,
                        segments,
                        new AttentionForm(headDim, scale, window, softCap),
                        new Qkv(wanted[0], wanted[1], wanted[2]));
        boolean graded = hasGradient(
                segments,
                () -> tested.attention()
                        .attentionBackward(
                                dOut,
                                new Qkv(q, k, v),
                                expected,
                                expectedStats,
                                segments,
                                new AttentionForm(headDim, scale, window, softCap),
                                new Qkv(got[0], got[1], got[2])));
        if (!graded) {
            return;
        }
        assertSameBits(got[0], wanted[0], what + ", dQ");
        assertSameBits(got[1], wanted[1], what + ", dK");
        assertSameBits(got[2], wanted[2], what + ", dV");
    }

    /** Runs a gradient; false where the backend has none, which it must say: a GPU's for continuations of continuations. */
    private static boolean hasGradient(Segments segments, Runnable backward) {
        if (TestedBackend.isCpu() || !segments.isNested()) {
            backward.run();
            return true;
        }
        assertThatThrownBy(backward::run)
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("where a continuation is continued");
        return false;
    }

    private static int[] sequences(KvCache cache, Segments segments) {
        int[] sequences = new int[segments.count()];
        for (int s = 0; s < sequences.length; s++) {
            int parent = segments.parent(s);
            sequences[s] = parent < 0 ? cache.add() : cache.fork(sequences[parent], segments.history(s));
        }
        return sequences;
    }

    @ParameterizedTest
    @CsvSource({"1,1,16", "4,2,8", "2,1,24", "3,1,32", "6,2,40", "4,1,64", "8,1,20", "8,8,4", "2,2,100", "5,1,128"})
    void headsOfEveryKind(int heads, int kvHeads, int headDim) {
        Rng rng = new Rng(20, heads * 1000 + headDim);
        checkBatch(rng, Segments.of(1), heads, kvHeads, headDim, 0, false);
        checkBatch(rng, Segments.of(37), heads, kvHeads, headDim, 0, false);
        checkBatch(
                rng, Segments.of(new int[] {5, 0, 3, 18}, new int[] {-1, 0, 0, 0}), heads, kvHeads, headDim, 0, false);
        checkBatch(rng, Segments.of(40, 3), heads, kvHeads, headDim, 7, false);
    }

    @Test
    void sinks() {
        Conformance conformance = new Conformance();
        Rng rng = new Rng(59, 0);
        for (int[] shape : new int[][] {{0, 2, 4}, {1, 1, 1}, {19, 3, 20}, {70, 4, 16}, {33, 2, 128}}) {
            int n = shape[0];
            int heads = shape[1];
            int headDim = shape[2];
            Tensor sinks = normal(rng, heads);
            if (heads > 1) {
                sinks.floats()[0] = 200f; // far above every score
                sinks.floats()[1] = -200f;
            }
            Tensor out = normal(rng, n, heads * headDim);
            Tensor stats = normal(rng, n, heads, 2);
            for (int i = 1; i < stats.elements(); i += 2) {
                stats.floats()[i] = 1f + Math.abs(stats.floats()[i]); // a sum with exp(0) in it
            }
            String what = n + " rows of " + heads + " heads of " + headDim;
            conformance.compare("sinks of " + what, (b, o) -> b.attention().sinks(sinks, o[0], o[1]), out, stats);
            reference.attention().sinks(sinks, out, stats);
            Tensor dOut = normal(rng, n, heads * headDim);
            conformance.compare(
                    "sinks' gradient of " + what,
                    (b, o) -> b.attention().sinksBackward(dOut, out, stats, sinks, o[0]),
                    normal(rng, heads));
        }
    }

    @Test
    void everyLength() {
        Rng rng = new Rng(21, 0);
        for (int length = 0; length <= 70; length++) {
            checkBatch(rng, Segments.of(length), 2, 1, 8, 0, false);
            checkBatch(rng, Segments.of(length), 1, 1, 8, 1 + rng.nextInt(40), false);
        }
    }

    @Test
    void forksAtEveryPositionOfAPage() {
        Rng rng = new Rng(22, 0);
        for (int prompt = 0; prompt <= 34; prompt++) {
            int[] lengths = {prompt, 1, 9, 0, 17};
            checkBatch(rng, Segments.of(lengths, new int[] {-1, 0, 0, 0, 0}), 4, 2, 16, prompt % 3 * 6, false);
        }
    }

    @Test
    void familiesSideBySide() {
        Rng rng = new Rng(23, 0);
        int[] lengths = {6, 20, 4, 7, 30, 1, 2};
        int[] parents = {-1, -1, 0, 1, 0, -1, 1};
        for (int window : new int[] {0, 1, 5, 16, 100}) {
            checkBatch(rng, Segments.of(lengths, parents), 6, 2, 16, window, false);
        }
    }

    @Test
    void continuationsOfContinuations() {
        Rng rng = new Rng(28, 0);
        int[] lengths = {6, 20, 4, 7, 30, 1, 2, 0, 3, 5, 17};
        int[] parents = {-1, -1, 0, 1, 2, 3, 2, 4, 7, 0, 5}; // of two trees, in turns; one part is empty
        for (int window : new int[] {0, 1, 5, 16, 100}) {
            checkBatch(rng, Segments.of(lengths, parents), 6, 2, 16, window, false);
        }
        for (int prompt = 13; prompt <= 19; prompt++) { // around the end of a page
            checkBatch(rng, Segments.of(new int[] {prompt, 3, 16, 2}, new int[] {-1, 0, 1, 1}), 2, 1, 8, 0, false);
        }
    }

    /** A path of a forest as one sequence of its own: rows of a batch in their order. */
    private static Tensor along(Tensor rows, Segments segments, int leaf) {
        int length = segments.history(leaf) + segments.length(leaf);
        Tensor path = Tensor.zeros(length, rows.extent(1));
        for (int position = 0; position < length; position++) {
            path.slice(0, position, position + 1)
                    .copyFrom(rows.slice(0, segments.row(leaf, position), segments.row(leaf, position) + 1));
        }
        return path;
    }

    @Test
    void aForestIsItsPathsFlattened() {
        Rng rng = new Rng(29, 0);
        Segments forest = Segments.of(new int[] {9, 5, 21, 2, 7}, new int[] {-1, 0, 1, 1, 0});
        AttentionForm form = new AttentionForm(8, 0.3f, 0);
        Tensor q = normal(rng, forest.rows(), 16);
        Tensor k = normal(rng, forest.rows(), 8);
        Tensor v = normal(rng, forest.rows(), 8);
        Tensor dOut = Tensor.zeros(forest.rows(), 16);
        int leaf = 2; // gradients come from here alone, so that those of its path are the flattened sequence's
        dOut.slice(0, forest.start(leaf), forest.start(leaf) + 21).copyFrom(normal(rng, 21, 16));
        Tensor out = normal(rng, forest.rows(), 16);
        Tensor stats = normal(rng, forest.rows(), 4);
        Qkv gradients = new Qkv(
                Tensor.zeros(forest.rows(), 16), Tensor.zeros(forest.rows(), 8), Tensor.zeros(forest.rows(), 8));
        tested.attention().attention(new Qkv(q, k, v), forest, form, out, stats.reshape(forest.rows(), 2, 2));
        boolean graded = hasGradient(
                forest,
                () -> tested.attention()
                        .attentionBackward(
                                dOut,
                                new Qkv(q, k, v),
                                out,
                                stats.reshape(forest.rows(), 2, 2),
                                forest,
                                form,
                                gradients));
        for (int s = 0; s < forest.count(); s++) {
            Qkv flat = new Qkv(along(q, forest, s), along(k, forest, s), along(v, forest, s));
            int length = flat.q().extent(0);
            Tensor flatOut = normal(rng, length, 16);
            Tensor flatStats = normal(rng, length, 2, 2);
            tested.attention().attention(flat, Segments.of(length), form, flatOut, flatStats);
            assertSameBits(along(out, forest, s), flatOut, "path of " + s);
            if (graded && s == leaf) {
                Qkv flatGradients = new Qkv(Tensor.zeros(length, 16), Tensor.zeros(length, 8), Tensor.zeros(length, 8));
                tested.attention()
                        .attentionBackward(
                                along(dOut, forest, s),
                                flat,
                                flatOut,
                                flatStats,
                                Segments.of(length),
                                form,
                                flatGradients);
                assertSameBits(along(gradients.q(), forest, s), flatGradients.q(), "dQ");
                assertSameBits(along(gradients.k(), forest, s), flatGradients.k(), "dK");
                assertSameBits(along(gradients.v(), forest, s), flatGradients.v(), "dV");
            }
        }
    }

    @Test
    void threadsDoNotChangeBits() {
        for (int count : new int[] {1, 2, 3}) {
            ComputePool.setThreads(count);
            Rng rng = new Rng(24, 0);
            checkBatch(rng, Segments.of(150, 90, 1, 3), 4, 2, 32, 0, false);
            checkBatch(rng, Segments.of(new int[] {60, 30, 41}, new int[] {-1, 0, 0}), 4, 2, 32, 50, false);
        }
    }

    /** Caps that hardly matter, that flatten most scores, and that flatten all. */
    @Test
    void softCaps() {
        Rng rng = new Rng(29, 0);
        for (float cap : new float[] {50f, 1.5f, 0.01f}) {
            softCap = cap;
            for (int length : new int[] {1, 2, 17, 40, 300}) {
                checkBatch(rng, Segments.of(length), 2, 1, 16, length % 3 * 5, false);
            }
            checkBatch(rng, Segments.of(new int[] {5, 0, 3, 18}, new int[] {-1, 0, 0, 0}), 4, 2, 8, 0, false);
            checkBatch(rng, Segments.of(30, 2), 2, 1, 16, 9, true);
        }
    }

    @Test
    void wildKeysAndValuesReachOnlyWhatSeesThem() {
        Rng rng = new Rng(25, 0);
        for (int i = 0; i < 10; i++) {
            checkBatch(rng, Segments.of(3 + rng.nextInt(40), 2), 2, 1, 16, i % 2 * 9, true);
        }
    }

    @Test
    void decodingFromAnyHistory() {
        Rng rng = new Rng(26, 0);
        int heads = 4;
        int kvHeads = 2;
        int headDim = 16;
        KvCache cache = tested.attention().newKvCache(2, kvHeads, headDim);
        int[] sequences = {cache.add(), cache.add(), cache.add()};
        Segments prompt = Segments.of(5, 16, 40);
        fill(rng, cache, sequences, prompt, kvHeads * headDim);
        for (int step = 0; step < 40; step++) {
            Segments one = Segments.of(1, step % 5 == 0 ? 3 : 1, 1);
            Tensor k = normal(rng, one.rows(), kvHeads * headDim);
            Tensor v = normal(rng, one.rows(), kvHeads * headDim);
            for (int layer = 0; layer < 2; layer++) {
                cache.append(layer, sequences, one, k, v);
                Tensor q = normal(rng, one.rows(), heads * headDim);
                Tensor expected = Tensor.zeros(one.rows(), heads * headDim);
                Tensor actual = Tensor.zeros(one.rows(), heads * headDim);
                int window = step % 3 == 0 ? 0 : step;
                reference
                        .attention()
                        .attention(
                                q,
                                new CachedRows(cache, layer, sequences, one),
                                new AttentionForm(headDim, 0.25f, window, step % 7 == 0 ? 0.7f : 0f),
                                expected,
                                null);
                tested.attention()
                        .attention(
                                q,
                                new CachedRows(cache, layer, sequences, one),
                                new AttentionForm(headDim, 0.25f, window, step % 7 == 0 ? 0.7f : 0f),
                                actual,
                                null);
                assertSameBits(actual, expected, "step " + step + ", layer " + layer);
            }
            cache.advance(sequences, one);
        }
    }

    private static void fill(Rng rng, KvCache cache, int[] sequences, Segments segments, int width) {
        for (int layer = 0; layer < 2; layer++) {
            cache.append(
                    layer,
                    sequences,
                    segments,
                    normal(rng, segments.rows(), width),
                    normal(rng, segments.rows(), width));
        }
        cache.advance(sequences, segments);
    }

    @Test
    void oneByOneAndAllAtOnceAreTheSameNumbers() {
        Rng rng = new Rng(27, 0);
        int n = 53;
        int width = 2 * 24;
        Tensor q = normal(rng, n, 2 * width);
        Tensor k = normal(rng, n, width);
        Tensor v = normal(rng, n, width);
        KvCache scored = tested.attention().newKvCache(1, 2, 24);
        int[] all = {scored.add()};
        Segments whole = Segments.of(n);
        scored.append(0, all, whole, k, v);
        Tensor together = Tensor.zeros(n, 2 * width);
        tested.attention()
                .attention(q, new CachedRows(scored, 0, all, whole), new AttentionForm(24, 0.2f, 0), together, null);

        KvCache decoded = tested.attention().newKvCache(1, 2, 24);
        int[] one = {decoded.add()};
        Segments step = Segments.of(1);
        Tensor out = Tensor.zeros(1, 2 * width);
        for (int i = 0; i < n; i++) {
            decoded.append(0, one, step, k.slice(0, i, i + 1), v.slice(0, i, i + 1));
            tested.attention()
                    .attention(
                            q.slice(0, i, i + 1),
                            new CachedRows(decoded, 0, one, step),
                            new AttentionForm(24, 0.2f, 0),
                            out,
                            null);
            decoded.advance(one, step);
            assertSameBits(out, together.slice(0, i, i + 1), "token " + i);
        }
    }

    @Test
    void coldAndHotGiveTheSameBits() {
        Rng rng = new Rng(28, 0);
        Segments segments = Segments.of(new int[] {9, 12, 3}, new int[] {-1, 0, 0});
        for (int call = 0; call < 400; call++) {
            checkBatch(rng, segments, 4, 2, 16, call % 4 == 3 ? 6 : 0, false);
        }
    }
}
