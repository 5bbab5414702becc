// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static dev.jacobian.tensor.Numbers.assertSameBits;
import static dev.jacobian.tensor.Numbers.normal;
import static dev.jacobian.tensor.Numbers.wild;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.reference.HeapKvCache;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Attention over caches that hold less than all numbers as they are: 8-bit ones, and windows. The expectation is always the reference
 * over an exact cache of all tokens.
 */
class CachedAttentionConformanceTest {
    private final Backend tested = TestedBackend.get();
    private final Backend reference = Backends.reference();
    private final int threads = ComputePool.threads();

    @AfterEach
    void restoreThreads() {
        ComputePool.setThreads(threads);
    }

    /** A sequence's queries, keys and values, [T, ·]. */
    private record Rows(Tensor q, Tensor k, Tensor v) {
        static Rows of(Rng rng, int tokens, int heads, KvShape shape, boolean isWild) {
            int width = shape.heads() * shape.headDim();
            return new Rows(
                    normal(rng, tokens, heads * shape.headDim()),
                    isWild ? wild(rng, tokens, width) : normal(rng, tokens, width),
                    isWild ? wild(rng, tokens, width) : normal(rng, tokens, width));
        }

        int tokens() {
            return q.extent(0);
        }
    }

    /** Attention of a sequence whose tokens come in pieces. */
    private static Tensor attend(Backend backend, KvShape shape, Rows rows, AttentionForm form, int... pieces) {
        return attendBehind(0, backend, shape, rows, form, pieces);
    }

    /** That of the tokens behind the first {@code history}, which are in the cache alone; [T − history, ·]. */
    private static Tensor attendBehind(
            int history, Backend backend, KvShape shape, Rows rows, AttentionForm form, int... pieces) {
        KvCache cache = backend.attention().newKvCache(List.of(shape), DType.F32);
        int[] sequence = {cache.add()};
        if (history > 0) {
            Segments before = Segments.of(history);
            cache.append(0, sequence, before, rows.k.slice(0, 0, history), rows.v.slice(0, 0, history));
            cache.advance(sequence, before);
        }
        Tensor out = Tensor.zeros(rows.tokens() - history, rows.q.extent(1));
        int from = history;
        for (int piece : pieces) {
            Segments segments = Segments.of(piece);
            int to = from + piece;
            cache.append(0, sequence, segments, rows.k.slice(0, from, to), rows.v.slice(0, from, to));
            backend.attention()
                    .attention(
                            rows.q.slice(0, from, to),
                            new CachedRows(cache, 0, sequence, segments),
                            form,
                            out.slice(0, from - history, to - history),
                            null);
            cache.advance(sequence, segments);
            from = to;
        }
        assertThat(from).isEqualTo(rows.tokens());
        return out;
    }

    /** What an 8-bit cache makes of rows, by the formula in double where it is exact. */
    private static Tensor rounded(Tensor rows, int headDim) {
        Tensor out = rows.contiguous().copy();
        for (int at = 0; at < out.elements(); at += headDim) {
            for (int first = at; first < at + headDim; first += 32) {
                int end = Math.min(at + headDim, first + 32);
                float largest = 0;
                for (int i = first; i < end; i++) {
                    largest = Math.max(largest, Math.abs(out.floats()[out.offset() + i]));
                }
                float d = largest / 127f;
                float inverse = d == 0 || Float.isInfinite(1 / d) ? 0 : 1 / d;
                for (int i = first; i < end; i++) {
                    float scaled = out.floats()[out.offset() + i] * inverse;
                    double q = Math.copySign(Math.floor(Math.abs(scaled) + 0.5f), scaled);
                    q = Double.isNaN(q) ? 0 : Math.clamp(q, -127, 127);
                    out.floats()[out.offset() + i] = (float) q * d + 0f;
                }
            }
        }
        return out;
    }

    private static int[] ones(int n) {
        int[] ones = new int[n];
        Arrays.fill(ones, 1);
        return ones;
    }

    @ParameterizedTest
    @CsvSource({
        "1,1,16", "4,2,8", "2,1,24", "3,1,32", "6,2,40", "4,1,64", "8,1,20", "8,8,4", "2,2,100", "5,1,128", "6,3,6",
        "4,4,33"
    })
    void eightBitsAreAnExactCacheOfRoundedNumbers(int heads, int kvHeads, int headDim) {
        if (!TestedBackend.isCpu()) {
            assertThatThrownBy(() ->
                            tested.attention().newKvCache(List.of(new KvShape(1, 32, 0, KvCacheType.Q8_0)), DType.F32))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll("q8_0", "GPU", "kv_cache_type");
            return;
        }
        Rng rng = new Rng(81, heads * 1000 + headDim);
        for (int window : new int[] {0, 5, 33}) {
            for (boolean isWild : new boolean[] {false, true}) {
                KvShape exact = new KvShape(kvHeads, headDim);
                Rows rows = Rows.of(rng, 150, heads, exact, isWild);
                AttentionForm form = new AttentionForm(headDim, 0.3f, window);
                Rows held = new Rows(rows.q, rounded(rows.k, headDim), rounded(rows.v, headDim));
                Tensor expected = attend(reference, exact, held, form, 150);
                for (KvShape shape : List.of(
                        new KvShape(kvHeads, headDim, 0, KvCacheType.Q8_0),
                        new KvShape(kvHeads, headDim, window, KvCacheType.Q8_0))) {
                    String what = heads + "/" + kvHeads + " heads of " + headDim + ", " + shape + ", wild " + isWild;
                    for (int n = 1; n <= 2; n++) {
                        ComputePool.setThreads(n);
                        assertSameBits(attend(tested, shape, rows, form, 150), expected, what);
                        assertSameBits(attend(tested, shape, rows, form, 1, 70, 3, 2, 64, 10), expected, what);
                        assertSameBits(attend(tested, shape, rows, form, ones(150)), expected, what);
                    }
                    assertSameBits(attend(reference, shape, rows, form, 90, 60), expected, what + ", reference");
                }
            }
        }
    }

    /** Where keys no longer stay in a core's cache, more rows go over each strip of them: 1,100 keys of 128 elements are far enough. */
    @ParameterizedTest
    @CsvSource({"2,1,AUTO", "5,1,AUTO", "3,1,Q8_0"})
    void longCachesGiveTheSameBits(int heads, int kvHeads, KvCacheType type) {
        if (!TestedBackend.isCpu()) {
            return; // there is one kernel there, whatever the length
        }
        Rng rng = new Rng(84, heads);
        int headDim = 128;
        KvShape exact = new KvShape(kvHeads, headDim);
        Rows rows = Rows.of(rng, 1150, heads, exact, false);
        Rows held =
                type == KvCacheType.Q8_0 ? new Rows(rows.q, rounded(rows.k, headDim), rounded(rows.v, headDim)) : rows;
        for (int window : new int[] {0, 1063}) {
            AttentionForm form = new AttentionForm(headDim, 0.3f, window);
            Tensor expected = attendBehind(1045, reference, exact, held, form, 105);
            KvShape shape = new KvShape(kvHeads, headDim, window, type);
            for (int n = 1; n <= 2; n++) {
                ComputePool.setThreads(n);
                String what = heads + " heads, " + shape + ", " + n + " threads";
                assertSameBits(attendBehind(1045, tested, shape, rows, form, 105), expected, what);
                assertSameBits(attendBehind(1045, tested, shape, rows, form, 1, 45, 17, 42), expected, what);
            }
        }
    }

    @Test
    void aWindowSeesWhatTheWholeCacheSees() {
        Rng rng = new Rng(82, 0);
        for (int window : new int[] {1, 2, 15, 16, 17, 32, 40, 200}) {
            KvShape whole = new KvShape(2, 20);
            Rows rows = Rows.of(rng, 170, 4, whole, false);
            AttentionForm form = new AttentionForm(20, 0.3f, window, 4f);
            Tensor expected = attend(reference, whole, rows, form, 170);
            KvShape shape = new KvShape(2, 20, window, KvCacheType.AUTO);
            String what = "window " + window;
            assertSameBits(attend(tested, shape, rows, form, 170), expected, what);
            assertSameBits(attend(tested, shape, rows, form, 16, 16, 16, 22, 100), expected, what);
            assertSameBits(attend(tested, shape, rows, form, 60, 1, 1, 1, 7, 33, 67), expected, what);
            assertSameBits(attend(tested, shape, rows, form, ones(170)), expected, what);
            assertSameBits(attend(reference, shape, rows, form, ones(170)), expected, what + ", reference");
        }
    }

    /** Sequences that share a beginning, go back and divide, each as if it were alone. */
    @Test
    void forksOfWindowsAndOfEightBits() {
        Rng rng = new Rng(83, 0);
        for (KvCacheType type : TestedBackend.isCpu() ? KvCacheType.values() : new KvCacheType[] {KvCacheType.AUTO}) {
            KvShape shape = new KvShape(1, 32, 20, type);
            AttentionForm form = new AttentionForm(32, 0.2f, 20);
            Rows parent = Rows.of(rng, 80, 2, shape, false);
            Rows other = Rows.of(rng, 80, 2, shape, false);
            for (int at : new int[] {48, 53, 64, 67}) {
                Rows mixed = mixed(parent, other, at);
                Tensor expected = attend(tested, shape, mixed, form, at, 80 - at);
                KvCache cache = tested.attention().newKvCache(List.of(shape), DType.F32);
                int first = cache.add();
                step(cache, first, parent, 0, 48, form);
                step(cache, first, parent, 48, 67, form);
                assertThat(cache.shortestFork(first)).isLessThanOrEqualTo(48);
                int fork = cache.fork(first, at);
                step(cache, first, parent, 67, 68, form);
                step(cache, first, parent, 68, 80, form);
                Tensor out = step(cache, fork, mixed, at, 80, form);
                assertSameBits(out, expected.slice(0, at, 80).contiguous(), type + " at " + at);
                cache.release(first);
                cache.release(fork);
                assertThat(cache.usedBytes()).isZero();
            }
        }
    }

    private static Rows mixed(Rows first, Rows second, int at) {
        return new Rows(mixed(first.q, second.q, at), mixed(first.k, second.k, at), mixed(first.v, second.v, at));
    }

    private static Tensor mixed(Tensor first, Tensor second, int at) {
        Tensor mixed = second.contiguous().copy();
        mixed.slice(0, 0, at).copyFrom(first.slice(0, 0, at));
        return mixed;
    }

    private Tensor step(KvCache cache, int sequence, Rows rows, int from, int to, AttentionForm form) {
        int[] handles = {sequence};
        Segments segments = Segments.of(to - from);
        cache.append(0, handles, segments, rows.k.slice(0, from, to), rows.v.slice(0, from, to));
        Tensor out = Tensor.zeros(to - from, rows.q.extent(1));
        tested.attention()
                .attention(rows.q.slice(0, from, to), new CachedRows(cache, 0, handles, segments), form, out, null);
        cache.advance(handles, segments);
        return out;
    }

    @Test
    void roundingIsWithinHalfAStepAndKeepsWhatIsNoNumber() {
        Rng rng = new Rng(84, 0);
        KvShape shape = new KvShape(1, 40, 0, KvCacheType.Q8_0);
        Tensor x = normal(rng, 1, 40);
        Tensor held = rounded(x, 40);
        float largest = 0;
        for (int d = 0; d < 32; d++) {
            largest = Math.max(largest, Math.abs(x.get(0, d)));
        }
        for (int d = 0; d < 32; d++) {
            assertThat(held.get(0, d)).isBetween(x.get(0, d) - largest / 253f, x.get(0, d) + largest / 253f);
        }
        for (float broken : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            Rows rows = Rows.of(rng, 3, 1, shape, false);
            rows.v.floats()[rows.v.offset() + 40 + 35] = broken; // of the second token, in its second block
            Tensor out = attend(Backends.cpu(), shape, rows, new AttentionForm(40, 1f, 0), 3);
            assertThat(IntStream.range(0, 3).mapToObj(t -> Float.isFinite(out.get(t, 35))))
                    .containsExactly(true, false, false);
            assertThat(IntStream.range(0, 3).mapToObj(t -> Float.isFinite(out.get(t, 3))))
                    .containsExactly(true, true, true);
        }
        HeapKvCache zeros = new HeapKvCache(List.of(shape), DType.F32);
        int[] one = {zeros.add()};
        zeros.append(0, one, Segments.of(1), Tensor.zeros(1, 40), Tensor.zeros(1, 40));
        assertThat(zeros.bytes()).isEqualTo(4L * (2 * 16 + 2 * 16 + 10 * 16 + 4 * 48));
    }
}
