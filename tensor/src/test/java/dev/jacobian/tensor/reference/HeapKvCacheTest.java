// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.CarriedStates;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.KvCacheType;
import dev.jacobian.tensor.KvShape;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

class HeapKvCacheTest {
    private static final int KV_HEADS = 2;
    private static final int HEAD_DIM = 6;
    private static final int WIDTH = KV_HEADS * HEAD_DIM;

    private final Rng rng = new Rng(32, 0);

    private Tensor rows(int n) {
        Tensor x = Tensor.zeros(n, WIDTH);
        for (int i = 0; i < n * WIDTH; i++) {
            x.floats()[i] = (float) rng.nextGaussian();
        }
        return x;
    }

    private static float key(HeapKvCache cache, int sequence, int position, int head, int d) {
        return cache.keyPages(0, sequence)[position / 16][(head * HEAD_DIM + d) * 16 + position % 16];
    }

    private static float value(HeapKvCache cache, int sequence, int position, int head, int d) {
        return cache.valuePages(0, sequence)[position / 16][(head * 16 + position % 16) * cache.valueWidth(0) + d];
    }

    private static void assertHolds(HeapKvCache cache, int sequence, int position, Tensor k, Tensor v, int row) {
        for (int head = 0; head < KV_HEADS; head++) {
            for (int d = 0; d < HEAD_DIM; d++) {
                assertThat(key(cache, sequence, position, head, d)).isEqualTo(k.get(row, head * HEAD_DIM + d));
                assertThat(value(cache, sequence, position, head, d)).isEqualTo(v.get(row, head * HEAD_DIM + d));
            }
        }
    }

    @Test
    void writesWhereTheLayoutSays() {
        HeapKvCache cache = new HeapKvCache(1, KV_HEADS, HEAD_DIM, DType.F32);
        assertThat(cache.valueWidth(0)).isEqualTo(16);
        int[] sequences = {cache.add(), cache.add()};
        Segments segments = Segments.of(20, 3);
        Tensor k = rows(23);
        Tensor v = rows(23);
        cache.append(0, sequences, segments, k, v);
        assertThat(cache.length(sequences[0])).isZero();
        cache.advance(sequences, segments);
        assertThat(cache.length(sequences[0])).isEqualTo(20);
        for (int i = 0; i < 20; i++) {
            assertHolds(cache, sequences[0], i, k, v, i);
        }
        for (int i = 0; i < 3; i++) {
            assertHolds(cache, sequences[1], i, k, v, 20 + i);
        }
        assertThat(cache.bytes()).isEqualTo(3L * 4 * (KV_HEADS * HEAD_DIM * 16 + KV_HEADS * 16 * 16));
    }

    @Test
    void forksShareFullPagesAndNeverWriteToTheirParent() {
        for (int prompt = 0; prompt <= 33; prompt++) {
            HeapKvCache cache = new HeapKvCache(1, KV_HEADS, HEAD_DIM, DType.F32);
            int[] parent = {cache.add()};
            Segments promptRows = Segments.of(prompt);
            Tensor k = rows(prompt);
            Tensor v = rows(prompt);
            cache.append(0, parent, promptRows, k, v);
            cache.advance(parent, promptRows);
            int[] forks = {cache.fork(parent[0], prompt), cache.fork(parent[0], prompt)};
            Segments samples = Segments.of(2, 19);
            Tensor k2 = rows(21);
            Tensor v2 = rows(21);
            cache.append(0, forks, samples, k2, v2);
            cache.advance(forks, samples);
            for (int i = 0; i < prompt; i++) {
                assertHolds(cache, parent[0], i, k, v, i);
                assertHolds(cache, forks[0], i, k, v, i);
                assertHolds(cache, forks[1], i, k, v, i);
            }
            assertHolds(cache, forks[0], prompt + 1, k2, v2, 1);
            assertHolds(cache, forks[1], prompt + 18, k2, v2, 20);
            for (int page = 0; page < prompt / KvCache.PAGE; page++) {
                assertThat(cache.keyPages(0, forks[0])[page]).isSameAs(cache.keyPages(0, parent[0])[page]);
            }
        }
    }

    @Test
    void aForkOfAPromptInTheSameBatch() {
        HeapKvCache cache = new HeapKvCache(1, KV_HEADS, HEAD_DIM, DType.F32);
        int root = cache.add();
        int[] sequences = {root, cache.fork(root, 5)};
        Segments segments = Segments.of(new int[] {5, 4}, new int[] {-1, 0});
        Tensor k = rows(9);
        Tensor v = rows(9);
        cache.append(0, sequences, segments, k, v);
        cache.advance(sequences, segments);
        assertThat(cache.length(sequences[1])).isEqualTo(9);
        for (int i = 0; i < 9; i++) {
            assertHolds(cache, sequences[1], i, k, v, i);
        }
    }

    @Test
    void misuseIsNamed() {
        HeapKvCache cache = new HeapKvCache(1, KV_HEADS, HEAD_DIM, DType.F32);
        int root = cache.add();
        int[] fork = {cache.fork(root, 7)};
        assertThatIllegalStateException()
                .isThrownBy(() -> cache.append(0, fork, Segments.of(1), rows(1), rows(1)))
                .withMessageContaining("7");
        cache.release(root);
        assertThatThrownBy(() -> cache.length(root)).hasMessageContaining("released");
    }

    @Test
    void releasedPagesNoLongerCount() {
        HeapKvCache cache = new HeapKvCache(1, KV_HEADS, HEAD_DIM, DType.F32);
        int[] sequences = {cache.add(), cache.add()};
        Segments segments = Segments.of(10, 10);
        cache.append(0, sequences, segments, rows(20), rows(20));
        long both = cache.bytes();
        cache.release(sequences[0]);
        assertThat(cache.bytes()).isEqualTo(both / 2);
    }

    @Test
    void aWindowLetsGoOfWholePagesAndForksOnlyWhereItReachesBack() {
        KvShape windowed = new KvShape(KV_HEADS, HEAD_DIM, 20, KvCacheType.AUTO);
        HeapKvCache cache = new HeapKvCache(List.of(new KvShape(KV_HEADS, HEAD_DIM), windowed), DType.F32);
        long page = cache.bytesOf(16, 16) / 2;
        int[] sequence = {cache.add()};
        int length = 0;
        for (int piece : new int[] {30, 1, 40, 5, 1, 1, 17, 3, 100, 1, 1}) {
            long before = cache.usedBytes();
            long growth = cache.growthOf(sequence[0], piece, piece);
            Segments segments = Segments.of(piece);
            for (int layer = 0; layer < 2; layer++) {
                cache.append(layer, sequence, segments, rows(piece), rows(piece));
            }
            cache.advance(sequence, segments);
            int first = Math.max(0, length - 19 - 16) / 16; // of the pages that the window layer keeps
            length += piece;
            int count = (length + 15) / 16;
            assertThat(cache.usedBytes()).isEqualTo(page * (count + count - first));
            assertThat(cache.usedBytes() - before).isLessThanOrEqualTo(growth);
            assertThat(cache.bytesOf(length, 100)).isGreaterThanOrEqualTo(cache.usedBytes());
            assertThat(cache.shortestFork(sequence[0])).isEqualTo(first == 0 ? 0 : 16 * first + 19);
        }
        assertThat(cache.bytesOf(1 << 20, 1)).isEqualTo(page * ((1 << 16) + 4));
        int shortest = cache.shortestFork(sequence[0]);
        assertThat(shortest).isEqualTo(16 * 10 + 19);
        long used = cache.usedBytes();
        assertThatThrownBy(() -> cache.fork(sequence[0], shortest - 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("a fork at 178", "layer 1", "window of 20", "fork at 179 or later");
        assertThat(cache.usedBytes()).isEqualTo(used);
        int fork = cache.fork(sequence[0], shortest);
        int nothing = cache.fork(sequence[0], 0);
        assertThat(cache.length(nothing)).isZero();
        cache.release(sequence[0]);
        cache.release(fork);
        cache.release(nothing);
        assertThat(cache.usedBytes()).isZero();
    }

    private static Tensor filled(float value, int... extents) {
        Tensor tensor = Tensor.zeros(extents);
        tensor.fill(value);
        return tensor;
    }

    @Test
    void layersOfDifferentShapes() {
        HeapKvCache cache = new HeapKvCache(List.of(new KvShape(2, 4), new KvShape(1, 20)), DType.F32);
        int[] sequence = {cache.add()};
        Segments one = Segments.of(1);
        cache.append(0, sequence, one, filled(3f, 1, 8), filled(4f, 1, 8));
        cache.append(1, sequence, one, filled(5f, 1, 20), filled(6f, 1, 20));
        cache.advance(sequence, one);
        assertThat(cache.keyPages(0, 0)[0]).hasSize(2 * 4 * 16);
        assertThat(cache.valuePages(0, 0)[0]).hasSize(2 * 16 * 16);
        assertThat(cache.keyPages(1, 0)[0]).hasSize(20 * 16);
        assertThat(cache.valuePages(1, 0)[0]).hasSize(32 * 16);
        assertThat(cache.keyPages(1, 0)[0][19 * 16]).isEqualTo(5f);
        assertThat(cache.valuePages(1, 0)[0][19]).isEqualTo(6f);
        assertThat(cache.bytes()).isEqualTo(4L * (128 + 512 + 320 + 512));
    }

    @Test
    void statesAreWrittenInPlaceAndCopiedByForks() {
        CarriedStates carried = new CarriedStates(List.of(Shape.of(2, 3), Shape.of(600)));
        HeapKvCache cache = new HeapKvCache(List.of(new KvShape(KV_HEADS, HEAD_DIM), carried), DType.F32);
        int parent = cache.add();
        int other = cache.add();
        int[] both = {parent, other};
        List<Tensor> states = cache.states(1, 0, both);
        assertThat(states.get(0).toFloatArray()).containsOnly(0f).hasSize(6);
        states.get(0).fill(5f);
        cache.advance(new int[] {parent}, Segments.of(3));
        int fork = cache.fork(parent, 3);
        cache.states(1, 0, new int[] {fork}).get(0).fill(7f);
        assertThat(cache.states(1, 0, both).get(0).toFloatArray()).containsOnly(5f);
        assertThat(cache.states(1, 0, both).get(1).toFloatArray()).containsOnly(0f);
        assertThat(cache.states(1, 0, new int[] {fork}).get(0).toFloatArray()).containsOnly(7f);
        assertThat(cache.bytes()).isEqualTo(3 * 4 * 606);
        cache.release(fork);
        assertThat(cache.bytes()).isEqualTo(2 * 4 * 606);
        assertThatThrownBy(() -> cache.fork(parent, 2))
                .hasMessage("a fork at 2 of a sequence of 3 tokens: a state does not go back; fork where the sequence"
                        + " ends");
        assertThatThrownBy(() -> cache.states(0, 0, both)).hasMessage("layer 0 keeps something else in this cache");
        assertThatThrownBy(() -> cache.append(1, both, Segments.of(0, 0), rows(0), rows(0)))
                .hasMessage("layer 1 keeps something else in this cache");
    }
}
