// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import static dev.jacobian.autograd.GradientCheck.assertGradient;
import static dev.jacobian.autograd.GradientCheck.assertValue;
import static dev.jacobian.autograd.GradientCheck.backward;
import static dev.jacobian.autograd.GradientCheck.by;
import static dev.jacobian.autograd.GradientCheck.check;
import static dev.jacobian.autograd.GradientCheck.matrix;
import static dev.jacobian.autograd.GradientCheck.normal;
import static dev.jacobian.testing.Bits.assertBits;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.AttentionForm;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.CachedRows;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Attention against plain double loops, and the cached form against the uncached one. */
class AttentionTest {
    @Test
    @DisplayName("by hand: the second of two tokens attends with 1/4 and 3/4")
    void byHand() {
        float ln3 = (float) Math.log(3);
        Parameter q = matrix(by(2, 1), 1, ln3);
        Parameter k = matrix(by(2, 1), 0, 1);
        Parameter v = matrix(by(2, 1), 2, 10);
        Var out = Attention.attention(q, k, v, Segments.of(2), new AttentionForm(1, 1f, 0));
        // The first token sees itself alone. The second has scores 0 and ln 3, so P = (1/4, 3/4).
        assertValue(out, 2, 2 / 4.0 + 10 * 3 / 4.0);
        backward(out, 1, 1);
        // dP = v; its mean under P is 8, so dS = P·(dP − 8) = (−3/2, 3/2), dq = dS·k, dk = dS·q, dv = P (and 1 from the
        // first).
        assertGradient(q, 0, 1.5);
        assertGradient(k, -1.5 * ln3, 1.5 * ln3);
        assertGradient(v, 1 + 1 / 4.0, 3 / 4.0);
    }

    @ParameterizedTest(name = "{0} query heads, {1} key heads of {2}, window {3}")
    @CsvSource({"1,1,2,0", "4,4,8,0", "4,2,6,0", "6,1,16,0", "4,2,8,3", "2,1,5,1", "2,2,4,100"})
    @DisplayName("several segments, shared parents, grouped queries, sliding window")
    void gradients(int heads, int kvHeads, int headDim, int window) {
        Segments[] batches = {
            Segments.of(5),
            Segments.of(3, 1, 7),
            Segments.of(0, 4, 0, 2),
            Segments.of(new int[] {4, 3, 2, 5, 1}, new int[] {-1, 0, 0, -1, 3}),
            Segments.of(new int[] {4, 3, 2, 5, 1, 2}, new int[] {-1, 0, 1, 1, 2, 0}),
        };
        for (Segments segments : batches) {
            int n = segments.rows();
            check(
                    v -> Attention.attention(v[0], v[1], v[2], segments, new AttentionForm(headDim, 0.37f, window)),
                    in -> oracle(in, segments, heads, kvHeads, headDim, 0.37f, window),
                    normal(1, n, heads * headDim),
                    normal(2, n, kvHeads * headDim),
                    normal(3, n, kvHeads * headDim));
        }
    }

    @Test
    @DisplayName("by hand: a cap of ln 3 / tanh 1 makes 1/4 and 3/4 of a score of that size")
    void softCapByHand() {
        float cap = (float) (Math.log(3) / Math.tanh(1));
        Parameter q = matrix(by(2, 1), 1, cap);
        Parameter k = matrix(by(2, 1), 0, 1);
        Parameter v = matrix(by(2, 1), 2, 10);
        Var out = Attention.attention(q, k, v, Segments.of(2), new AttentionForm(1, 1f, 0, cap));
        // The second token's scores are 0 and cap · tanh(cap / cap) = ln 3.
        assertValue(out, 2, 2 / 4.0 + 10 * 3 / 4.0);
        backward(out, 1, 1);
        // Without the cap dS would be (−3/2, 3/2); its slope is 1 at 0 and 1 − tanh² 1 at the cap.
        double steep = 1 - Math.tanh(1) * Math.tanh(1);
        assertGradient(q, 0, 1.5 * steep);
        assertGradient(k, -1.5 * cap, 1.5 * steep * cap);
        assertGradient(v, 1 + 1 / 4.0, 3 / 4.0);
    }

    @Test
    @DisplayName("soft caps")
    void softCaps() {
        Segments segments = Segments.of(new int[] {4, 3, 17, 5}, new int[] {-1, 0, 0, -1});
        int n = segments.rows();
        for (float cap : new float[] {20f, 1f}) {
            AttentionForm form = new AttentionForm(6, 0.37f, 9, cap);
            check(
                    v -> Attention.attention(v[0], v[1], v[2], segments, form),
                    in -> oracle(in, segments, 4, 2, form),
                    normal(1, n, 4 * 6),
                    normal(2, n, 2 * 6),
                    normal(3, n, 2 * 6));
        }
    }

    @Test
    @DisplayName("by hand: beside one key of score 0 a sink of score 0 weighs a half")
    void sinksByHand() {
        Parameter q = matrix(by(1, 1), 1);
        Parameter k = matrix(by(1, 1), 0);
        Parameter v = matrix(by(1, 1), 10);
        Parameter sink = Var.parameter("sink", Tensor.of(new float[] {0}, 1));
        Var out = Attention.attention(q, k, v, Optional.of(sink), Segments.of(1), new AttentionForm(1, 1f, 0));
        assertValue(out, 5);
        backward(out, 1);
        assertGradient(sink, -2.5); // −P_sink · out
        assertGradient(v, 0.5);
        assertGradient(k, 0.5 * (10 - 5));
    }

    @Test
    @DisplayName("sinks")
    void sinks() {
        Segments segments = Segments.of(new int[] {4, 3, 17, 5}, new int[] {-1, 0, 0, -1});
        int n = segments.rows();
        AttentionForm form = new AttentionForm(6, 0.37f, 9);
        check(
                v -> Attention.attention(v[0], v[1], v[2], Optional.of(v[3]), segments, form),
                in -> oracle(in, segments, 4, 2, form),
                normal(1, n, 4 * 6),
                normal(2, n, 2 * 6),
                normal(3, n, 2 * 6),
                normal(4, 4));
    }

    @Test
    @DisplayName("lengths around the cache's pages")
    void pages() {
        for (int length : new int[] {15, 16, 17, 33}) {
            Segments segments = Segments.of(new int[] {length, 2, 17}, new int[] {-1, 0, 0});
            int n = segments.rows();
            check(
                    v -> Attention.attention(v[0], v[1], v[2], segments, new AttentionForm(2, 0.5f, 0)),
                    in -> oracle(in, segments, 2, 1, 2, 0.5f, 0),
                    normal(4, n, 4),
                    normal(5, n, 2),
                    normal(6, n, 2));
        }
    }

    @Test
    @DisplayName("scores of several hundred neither overflow nor lose the largest")
    void largeScores() {
        int n = 6;
        Tensor q = normal(7, n, 8);
        Backends.cpu().elementwise().scale(q, 100f, q);
        Segments segments = Segments.of(n);
        check(
                v -> Attention.attention(
                        Var.constant(q), Var.constant(normal(8, n, 8)), v[0], segments, new AttentionForm(8, 1f, 0)),
                in -> oracle(
                        new double[][] {GradientCheck.doubles(q), GradientCheck.doubles(normal(8, n, 8)), in[0]},
                        segments,
                        1,
                        1,
                        8,
                        1f,
                        0),
                normal(9, n, 8));
    }

    @Test
    @DisplayName("a fork of a cached prompt, a prefill in pieces and one pass are the same bits")
    void cached() {
        int headDim = 8;
        int length = 21;
        Tensor q = normal(10, length, 16);
        Tensor k = normal(11, length, 8);
        Tensor v = normal(12, length, 8);
        float[] once = Attention.attention(
                        Var.constant(q),
                        Var.constant(k),
                        Var.constant(v),
                        Segments.of(length),
                        new AttentionForm(headDim, 0.3f, 7))
                .value()
                .toFloatArray();
        for (int split = 0; split <= length; split++) {
            int at = split;
            float[] pieces = NoGrad.compute(() -> {
                KvCache cache = Backends.cpu().attention().newKvCache(1, 1, headDim);
                int prompt = cache.add();
                float[] first = piece(q, k, v, 0, at, cache, prompt);
                float[] second = piece(q, k, v, at, length, cache, cache.fork(prompt, at));
                return concat(first, second);
            });
            assertBits("split at " + split, pieces, once);
        }
    }

    private static float[] piece(Tensor q, Tensor k, Tensor v, int from, int to, KvCache cache, int sequence) {
        int[] sequences = {sequence};
        Segments segments = Segments.of(to - from);
        float[] out = Attention.cachedAttention(
                        Var.constant(q.slice(0, from, to)),
                        Var.constant(k.slice(0, from, to)),
                        Var.constant(v.slice(0, from, to)),
                        new CachedRows(cache, 0, sequences, segments),
                        new AttentionForm(8, 0.3f, 7))
                .value()
                .toFloatArray();
        cache.advance(sequences, segments);
        return out;
    }

    @Test
    @DisplayName("strided views of queries, keys and values")
    void views() {
        Tensor qkv = normal(13, 9, 32);
        Tensor q = qkv.slice(1, 0, 16);
        Tensor k = qkv.slice(1, 16, 24);
        Tensor v = qkv.slice(1, 24, 32);
        Segments segments = Segments.of(4, 5);
        Var[] views = {Var.constant(q), Var.constant(k), Var.constant(v)};
        Var[] copies = {Var.constant(q.copy()), Var.constant(k.copy()), Var.constant(v.copy())};
        assertBits(
                "views",
                Attention.attention(views[0], views[1], views[2], segments, new AttentionForm(8, 1f, 0))
                        .value()
                        .floats(),
                Attention.attention(copies[0], copies[1], copies[2], segments, new AttentionForm(8, 1f, 0))
                        .value()
                        .floats());
    }

    @Test
    @DisplayName("a cache outside of NoGrad is refused")
    void cacheWithGradient() {
        Var x = Var.constant(normal(14, 2, 4));
        KvCache cache = Backends.cpu().attention().newKvCache(1, 1, 4);
        int[] sequences = {cache.add()};
        assertThatThrownBy(() -> Attention.cachedAttention(
                        x, x, x, new CachedRows(cache, 0, sequences, Segments.of(2)), new AttentionForm(4, 1f, 0)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("NoGrad");
    }

    @Test
    @DisplayName("shape errors name the operands")
    void shapes() {
        Var q = Var.constant(normal(15, 3, 8));
        Var k = Var.constant(normal(16, 3, 4));
        assertThatThrownBy(() -> Attention.attention(q, k, k, Segments.of(4), new AttentionForm(4, 1f, 0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("4 rows")
                .hasMessageContaining("q has shape [3, 8]");
        assertThatThrownBy(() -> Attention.attention(q, k, q, Segments.of(3), new AttentionForm(4, 1f, 0)))
                .hasMessageContaining("attention")
                .hasMessageContaining("[3, 4]")
                .hasMessageContaining("[3, 8]");
        assertThatThrownBy(() -> Attention.attention(q, k, k, Segments.of(3), new AttentionForm(3, 1f, 0)))
                .hasMessageContaining("heads of 3");
        assertThatThrownBy(() -> Attention.attention(k, q, q, Segments.of(3), new AttentionForm(4, 1f, 0)))
                .as("fewer query heads than key heads")
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("attention");
        assertThatThrownBy(() -> Attention.attention(
                        Var.constant(normal(17, 24)), k, k, Segments.of(3), new AttentionForm(4, 1f, 0)))
                .hasMessageContaining("q has shape [24]");
    }

    private static float[] concat(float[] a, float[] b) {
        float[] all = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, all, a.length, b.length);
        return all;
    }

    private static double[] oracle(
            double[][] in, Segments segments, int heads, int kvHeads, int headDim, float scale, int window) {
        return oracle(in, segments, heads, kvHeads, new AttentionForm(headDim, scale, window));
    }

    /** Row by row: the keys it sees and a sink if there is one, a softmax over them, the weighted values. */
    private static double[] oracle(double[][] in, Segments segments, int heads, int kvHeads, AttentionForm form) {
        int headDim = form.headDim();
        float scale = form.scale();
        int window = form.window();
        double cap = form.softCap();
        double[] out = new double[segments.rows() * heads * headDim];
        for (int s = 0; s < segments.count(); s++) {
            for (int i = 0; i < segments.length(s); i++) {
                int[] keys = visible(segments, s, i, window);
                for (int h = 0; h < heads; h++) {
                    int query = ((segments.start(s) + i) * heads + h) * headDim;
                    int kvHead = h / (heads / kvHeads);
                    double[] e = new double[keys.length];
                    double max = Double.NEGATIVE_INFINITY;
                    for (int j = 0; j < keys.length; j++) {
                        for (int d = 0; d < headDim; d++) {
                            e[j] += in[0][query + d] * in[1][(keys[j] * kvHeads + kvHead) * headDim + d] * scale;
                        }
                        e[j] = cap > 0 ? cap * Math.tanh(e[j] / cap) : e[j];
                        max = Math.max(max, e[j]);
                    }
                    double sum = in.length > 3 ? Math.exp(in[3][h] - max) : 0; // a sink
                    for (int j = 0; j < keys.length; j++) {
                        e[j] = Math.exp(e[j] - max);
                        sum += e[j];
                    }
                    for (int j = 0; j < keys.length; j++) {
                        for (int d = 0; d < headDim; d++) {
                            out[query + d] += e[j] / sum * in[2][(keys[j] * kvHeads + kvHead) * headDim + d];
                        }
                    }
                }
            }
        }
        return out;
    }

    /** Rows of the keys that row i of segment s sees, in order of position. */
    private static int[] visible(Segments segments, int s, int i, int window) {
        IntStream before = IntStream.empty();
        for (int a = segments.parent(s); a >= 0; a = segments.parent(a)) {
            IntStream rows = IntStream.range(segments.start(a), segments.start(a) + segments.length(a));
            before = IntStream.concat(rows, before);
        }
        int[] all = IntStream.concat(before, IntStream.rangeClosed(segments.start(s), segments.start(s) + i))
                .toArray();
        return window == 0 || all.length <= window ? all : Arrays.copyOfRange(all, all.length - window, all.length);
    }
}
