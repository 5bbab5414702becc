// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is counted is what would be there: the same takings and givings back on the CPU and on counted arrays. */
class CountedTest {
    @Test
    @DisplayName("by hand: 600 floats round up to 640; what came back serves the next that is not much smaller")
    void byHand() {
        Workspace workspace = new Workspace();
        workspace.run(() -> {
            Tensor first = Workspace.tensor(Device.COUNTED, DType.F32, Shape.of(20, 30));
            assertThat(workspace.counted().total()).isEqualTo(4 * 640);
            Workspace.release(first);
            Workspace.tensor(Device.COUNTED, DType.F32, Shape.of(550)); // fits into the 640
            assertThat(workspace.counted().total()).isEqualTo(4 * 640);
            Workspace.tensor(Device.COUNTED, DType.F32, Shape.of(550)); // the 640 are in use: 576 more
            Workspace.tensor(Device.COUNTED, DType.F32, Shape.of(100)); // too short for a workspace
        });
        assertThat(workspace.counted().arrays()).containsOnlyKeys(Shape.of(20, 30), Shape.of(550));
        assertThat(workspace.counted().total()).isEqualTo(4 * (640 + 576));
        assertThat(workspace.bytes()).as("bytes that are there").isZero();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    @DisplayName("any order of takings, givings back and scopes makes the bytes of a real workspace")
    void equalsRealOne(long seed) {
        Workspace real = new Workspace();
        Workspace counted = new Workspace();
        for (int scope = 0; scope < 3; scope++) {
            long part = seed * 10 + scope;
            real.run(() -> work(Device.CPU, part, 3));
            counted.run(() -> work(Device.COUNTED, part, 3));
        }
        assertThat(counted.counted().total()).isEqualTo(real.bytes()).isPositive();
    }

    private static void work(Device device, long seed, int depth) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Tensor> taken = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            switch (random.nextInt(4)) {
                case 0, 1 -> taken.add(Workspace.tensor(device, DType.F32, Shape.of(1 + random.nextInt(9000))));
                case 2 -> {
                    if (!taken.isEmpty()) {
                        Tensor one = taken.remove(random.nextInt(taken.size()));
                        if (random.nextInt(3) == 0) {
                            Workspace.retain(one);
                            Workspace.release(one);
                        }
                        Workspace.release(one);
                    }
                }
                default -> {
                    if (depth > 0) {
                        long inner = random.nextLong();
                        taken.add(Workspace.keepResult(() -> {
                            work(device, inner, depth - 1);
                            return Workspace.tensor(device, DType.F32, Shape.of(2000));
                        }));
                    }
                }
            }
        }
    }

    @Test
    @DisplayName("a cache has as many pages as the real one, with forks in the middle of a page and at its end")
    void pages() {
        for (int prompt : new int[] {1, 15, 16, 17, 40}) {
            for (int later : new int[] {1, 16, 30}) {
                KvCache real = filled(Device.CPU, prompt, later);
                KvCache counted = filled(Device.COUNTED, prompt, later);
                assertThat(counted.bytes())
                        .as("%d and %d tokens", prompt, later)
                        .isEqualTo(real.bytes());
                assertThat(counted.length(2)).isEqualTo(real.length(2)).isEqualTo(prompt + later);
            }
        }
    }

    /** Two sequences of three layers, and two forks of the first that go on. */
    private static KvCache filled(Device device, int prompt, int later) {
        KvCache cache = Backends.of(device).attention().newKvCache(3, 2, 20);
        int[] parents = {cache.add(), cache.add()};
        append(device, cache, parents, Segments.of(prompt, 3));
        int[] forks = {cache.fork(parents[0], prompt), cache.fork(parents[0], prompt)};
        append(device, cache, forks, Segments.of(later, later));
        return cache;
    }

    private static void append(Device device, KvCache cache, int[] sequences, Segments segments) {
        Tensor rows = Tensor.zeros(device, DType.F32, Shape.of(segments.rows(), 40)); // [N, kvHeads · headDim]
        for (int layer = 0; layer < 3; layer++) {
            cache.append(layer, sequences, segments, rows, rows);
        }
        cache.advance(sequences, segments);
    }

    @Test
    @DisplayName("a packed matrix has the bytes of the real one, in every format")
    void packed() {
        for (Shape shape : new Shape[] {Shape.of(64, 48), Shape.of(1, 1), Shape.of(70, 45), Shape.of(65, 129)}) {
            Tensor here = Tensor.zeros(DType.F32, shape); // [K, N]
            Tensor counted = Tensor.zeros(Device.COUNTED, DType.F32, shape);
            for (WeightFormat format : WeightFormat.made()) {
                for (Backend cpu : new Backend[] {Backends.cpu(), Backends.reference()}) {
                    assertThat(cpu.matrices().packedBytes(shape.extent(0), shape.extent(1), format))
                            .as("%s of %s by %s", format, shape, cpu.name())
                            .isEqualTo(cpu.matrices().pack(here, format).bytes());
                }
                assertThat(Backends.of(Device.COUNTED)
                                .matrices()
                                .pack(counted, format)
                                .bytes())
                        .isEqualTo(Backends.cpu().matrices().pack(here, format).bytes());
            }
        }
    }

    @Test
    @DisplayName("there are no elements: reading gives zeros, and what is too long for Java is refused by its shape")
    void noElements() {
        Tensor tensor = Tensor.zeros(Device.COUNTED, DType.F32, Shape.of(2, 3));
        tensor.fill(7);
        assertThat(tensor.toFloatArray()).containsExactly(new float[6]);
        assertThat(tensor.toString()).isEqualTo("F32[2, 3] on counted");
        Tensor large = Tensor.zeros(Device.COUNTED, DType.F32, Shape.of(1 << 15, 1 << 15)); // 4 GiB, were it there
        assertThat(large.t().device()).isEqualTo(Device.COUNTED);
        assertThatThrownBy(() -> Shape.of(1 << 16, 1 << 16))
                .isInstanceOf(Shape.TooLargeException.class)
                .hasMessageContaining("[65536, 65536]")
                .hasMessageContaining("Java array");
    }
}
