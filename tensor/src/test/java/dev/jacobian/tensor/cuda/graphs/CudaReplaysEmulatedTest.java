// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.graphs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Numbers;
import dev.jacobian.tensor.Replays;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.tensor.cuda.driver.DeviceMemory;
import dev.jacobian.tensor.cuda.driver.RawDevicePointer;
import dev.jacobian.tensor.cuda.emulation.EmulatedTestBase;
import dev.jacobian.tensor.cuda.emulation.TestDevices;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import jdk.jfr.Recording;
import org.junit.jupiter.api.Test;

/**
 * Replays on the device and, where they are plain calls, with the reference kernels: the same bits, over what a training step
 * does with its inputs. Rows are looked up by id, weighted, and added to the rows of a gradient.
 */
class CudaReplaysEmulatedTest extends EmulatedTestBase {
    private static final int VOCABULARY = 11;
    private static final int WIDTH = 6;

    /** Elements of a temporary that no other allocation of these tests comes near: 4 MiB. */
    private static final int LARGE = 1 << 20;

    /** A computation on one device, with everything that it reads and writes. */
    private static final class Computation implements AutoCloseable {
        private final Backend kernels;
        private final Device device;
        private final Replays replays;
        private final Tensor table; // [V, D]
        private final Tensor scales; // [V, 1]
        private Tensor gradient; // [V, D]
        private Object constants = "first";
        private int temporary = 1; // elements
        private int calls; // of the body

        Computation(Backend kernels, Device device) {
            this.kernels = kernels;
            this.device = device;
            this.replays = kernels.replaying().newReplays(Replays.Use.TRAINING);
            Rng rng = new Rng(3, 5);
            this.table = Numbers.normal(rng, VOCABULARY, WIDTH).to(device);
            this.scales = Numbers.normal(rng, VOCABULARY, 1).to(device);
            this.gradient = Tensor.zeros(device, DType.F32, Shape.of(VOCABULARY, WIDTH));
        }

        /** The result [N, D] and the gradient so far [V, D], one behind the other. */
        float[] run(int[] ids, int[] targets, float[] weights) {
            float[] result = run(ids, targets, weights, ids.length);
            float[] sums = gradient.toFloatArray();
            float[] both = new float[result.length + sums.length];
            System.arraycopy(result, 0, both, 0, result.length);
            System.arraycopy(sums, 0, both, result.length, sums.length);
            return both;
        }

        private float[] run(int[] ids, int[] targets, float[] weights, Object shape) {
            float[][] result = new float[1][];
            new Workspace()
                    .run(() ->
                            result[0] = replayed(ids, targets, weights, shape).toFloatArray());
            return result[0];
        }

        private Tensor replayed(int[] ids, int[] targets, float[] weights, Object shape) {
            return replays.run(
                    shape, constants, List.of(ids, targets), weights, numbers -> body(ids, targets, numbers));
        }

        private Tensor body(int[] ids, int[] targets, Tensor weights) {
            calls++;
            int n = ids.length;
            made(temporary);
            Tensor rows = made(n, WIDTH); // [N, D]
            kernels.rows().gatherRows(table, ids, rows);
            Tensor scale = made(n, 1); // [N, 1]
            int half = n / 2;
            kernels.rows().gatherRows(scales, kernels.replaying().part(targets, 0, half), scale.slice(0, 0, half));
            kernels.rows().gatherRows(scales, kernels.replaying().part(targets, half, n), scale.slice(0, half, n));
            kernels.elementwise().multiply(scale, weights.reshape(n, 1), scale);
            Tensor out = made(n, WIDTH); // [N, D]
            for (int i = 0; i < n; i++) { // by numbers of the host: part of the shape
                kernels.rows().gatherRows(rows, new int[] {n - 1 - i}, out.slice(0, i, i + 1));
            }
            Tensor ones = made(1, WIDTH); // [1, D]
            ones.fill(1f);
            kernels.matrices().matmul(scale, ones, out, true);
            kernels.rows().scatterAddRows(out, ids, gradient);
            return out;
        }

        private Tensor made(int... extents) {
            return Workspace.tensor(device, DType.F32, Shape.of(extents));
        }

        /** Leaves nothing for the garbage collector to find, which would turn a lack of memory away. */
        @Override
        public void close() {
            replays.close();
            List.of(table, scales, gradient).forEach(Tensor::close);
        }
    }

    private long held() {
        return backend.engine().context().memory().account().held();
    }

    private Computation there() {
        return new Computation(backend, device);
    }

    private static Computation here() {
        return new Computation(Backends.reference(), Device.CPU);
    }

    /** Runs both on the same random inputs. */
    private static void compare(Computation there, Computation here, long seed, int n) {
        SplittableRandom random = new SplittableRandom(seed);
        // from all the same to many different ids: as few as one group of rows, as many as N
        int[] ids = random.ints(n, 0, 1 + random.nextInt(VOCABULARY)).toArray();
        int[] targets = random.ints(n, 0, VOCABULARY).toArray();
        float[] weights = new float[n];
        IntStream.range(0, n).forEach(i -> weights[i] = (float) random.nextDouble(-1, 1));
        float[] wanted = here.run(ids, targets, weights);
        float[] got = there.run(ids, targets, weights);
        assertThat(got.length).isEqualTo(wanted.length);
        for (int i = 0; i < got.length; i++) {
            assertThat(Float.floatToRawIntBits(got[i]))
                    .as(seed + " [" + i + "]")
                    .isEqualTo(Float.floatToRawIntBits(wanted[i]));
        }
    }

    @Test
    void otherIdsTargetsAndNumbersInTheSameShape() {
        inFixedOrder(true);
        try (Computation there = there();
                Computation here = here()) {
            for (int seed = 0; seed < 12; seed++) {
                compare(there, here, seed, 9);
            }
            assertThat(there.calls).as("computed, then captured").isEqualTo(2);
            assertThat(here.calls).isEqualTo(12);
        }
    }

    @Test
    void aReplayIsTwoUploadsAndOneLaunch() {
        try (Computation there = there();
                Computation here = here()) {
            for (int seed = 0; seed < 5; seed++) {
                compare(there, here, seed, 5);
            }
            new Workspace().run(() -> {
                long before = fake.piecesGiven();
                there.replayed(new int[5], new int[5], new float[5], 5);
                assertThat(fake.piecesGiven() - before)
                        .as("and the events that mark the uploads' ends")
                        .isEqualTo(5);
            });
        }
    }

    @Test
    void shapesThatTakeTurns() {
        try (Computation there = there();
                Computation here = here()) {
            for (int seed = 0; seed < 10; seed++) {
                compare(there, here, seed, seed % 2 == 0 ? 4 : 7);
            }
            assertThat(there.calls).isEqualTo(4);
        }
    }

    @Test
    void moreShapesThanAreKept() {
        try (Computation there = there();
                Computation here = here()) {
            for (int seed = 0; seed < 24; seed++) {
                compare(there, here, seed, 2 + seed % 4);
            }
            assertThat(there.calls)
                    .as("two are captured, two computed as they come")
                    .isEqualTo(2 * 2 + 2 * 6);
            for (int seed = 24; seed < 40; seed++) {
                compare(there, here, seed, 4);
            }
            assertThat(there.calls)
                    .as("the others' graphs make room, after a while")
                    .isBetween(16 + 2, 16 + 9);
            int before = there.calls;
            compare(there, here, 40, 4);
            compare(there, here, 41, 3);
            assertThat(there.calls).as("one of them only").isEqualTo(before);
        }
    }

    @Test
    void shapesThatNeverComeAgainTakeNoMemory() {
        try (Computation there = there();
                Computation here = here()) {
            compare(there, here, 1, 1);
            long before = TestDevices.liveBytes("cuda:0");
            int used = 0;
            for (int n = 2; n < 40; n++) {
                compare(there, here, n, n);
                used += n;
            }
            assertThat(there.calls).isEqualTo(39);
            // Copies of integers that were arguments stay for a while, whoever asks for kernels.
            assertThat(TestDevices.liveBytes("cuda:0") - before).isLessThan(16L * used);
            compare(there, here, 2, 2); // forgotten by now
            compare(there, here, 3, 2);
            compare(there, here, 4, 2);
            assertThat(there.calls).isEqualTo(41);
        }
    }

    @Test
    void otherConstants() {
        try (Computation there = there();
                Computation here = here()) {
            for (int seed = 0; seed < 12; seed++) {
                if (seed % 4 == 0) {
                    for (Computation one : List.of(there, here)) {
                        one.gradient = Tensor.zeros(one.device, DType.F32, Shape.of(VOCABULARY, WIDTH));
                        one.constants = "since " + seed;
                    }
                }
                compare(there, here, seed, 6);
            }
            assertThat(there.calls).isEqualTo(6);
        }
    }

    @Test
    void twoArithmeticsTakeTurnsWithGraphsOfTheirOwn() {
        inFixedOrder(true);
        try (Computation inOrder = there();
                Computation hereInOrder = here()) {
            inFixedOrder(false);
            try (Computation there = there();
                    Computation here = here()) {
                for (int seed = 0; seed < 4; seed++) {
                    compare(there, here, seed, 6);
                    compare(inOrder, hereInOrder, seed, 6);
                }
                assertThat(List.of(there.calls, inOrder.calls)).containsExactly(2, 2);
            }
        }
    }

    @Test
    void theSwitchAndTheLackOfAWorkspaceTurnCapturingOff() {
        System.setProperty("jacobian.cuda.graphs", "false");
        try (Computation there = there();
                Computation here = here()) {
            for (int seed = 0; seed < 4; seed++) {
                compare(there, here, seed, 6);
            }
            assertThat(there.calls).isEqualTo(4);
        }
        System.clearProperty("jacobian.cuda.graphs");
        try (Computation there = there()) {
            for (int i = 0; i < 4; i++) {
                there.replayed(new int[3], new int[3], new float[3], 3).toFloatArray();
            }
            assertThat(there.calls).isEqualTo(4);
        }
    }

    @Test
    void aFlightRecordingOfKernelsSeesThemAll() {
        try (Computation there = there();
                Computation here = here();
                Recording recording = new Recording()) {
            for (int seed = 0; seed < 3; seed++) {
                compare(there, here, seed, 6);
            }
            recording.enable("dev.jacobian.Kernel");
            recording.start();
            assertThat(Backends.of(DEVICE)).as("made once").isSameAs(Backends.of(DEVICE));
            for (int seed = 3; seed < 6; seed++) {
                compare(there, here, seed, 6);
            }
            assertThat(there.calls).isEqualTo(2 + 3);
            recording.stop();
            compare(there, here, 6, 6);
            assertThat(there.calls).isEqualTo(2 + 3);
        }
    }

    @Test
    void closingGivesAllMemoryBack() {
        try (Computation there = there()) {
            for (int i = 0; i < 4; i++) {
                there.run(new int[5], new int[5], new float[5], 5);
            }
            long before = TestDevices.liveBytes("cuda:0");
            long heldBefore = held();
            there.temporary = LARGE;
            for (int i = 0; i < 4; i++) {
                there.run(new int[6], new int[6], new float[6], 6);
            }
            long graph = held() - heldBefore;
            assertThat(graph).isBetween((long) Float.BYTES * LARGE, 2L * Float.BYTES * LARGE);
            there.replays.close();
            assertThat(TestDevices.liveBytes("cuda:0")).isLessThan(before);
            assertThat(held()).as("the smaller graph is gone too").isLessThan(heldBefore);
            assertThatThrownBy(() -> there.run(new int[6], new int[6], new float[6], 6))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("closed");
        }
    }

    @Test
    void aDriverThatRefusesIsAskedOnce() {
        for (String function : List.of("cuStreamBeginCapture", "cuGraphInstantiate")) {
            CapturedWork.forgetRefusal();
            try (Computation there = there();
                    Computation here = here()) {
                fake.inject(function, 0, CUresult.CUDA_ERROR_NOT_SUPPORTED);
                for (int seed = 0; seed < 6; seed++) {
                    compare(there, here, seed, 6);
                }
                assertThat(there.calls).as("six, and the one to be captured").isEqualTo(7);
                assertThat(CapturedWork.isRefused()).isTrue();
            }
        }
    }

    @Test
    void aBodyThatWaitsIsRefusedAndComputed() {
        try (Computation there = there()) {
            for (int i = 0; i < 3; i++) {
                new Workspace().run(() -> {
                    Tensor result = there.replays.run(
                            "waits",
                            "constants",
                            List.of(),
                            new float[] {2, 3},
                            numbers -> Tensor.of(new float[] {numbers.toFloatArray()[1]}, 1)
                                    .to(DEVICE));
                    assertThat(result.toFloatArray()).containsExactly(3);
                });
            }
            assertThat(CapturedWork.isRefused()).isTrue();
        }
    }

    @Test
    void aShapeWithoutMemoryForItsGraphIsComputed() {
        // first the inputs of the graph find nothing, then the capture
        for (int passing : new int[] {0, 1, 2}) {
            try (Computation there = there();
                    Computation here = here()) {
                there.temporary = LARGE;
                compare(there, here, 1, 6);
                System.gc(); // what others dropped is back before, so that nothing turns up when memory is short
                backend.engine().run(backend.engine().context().memory()::trim);
                // an allocation that fails is tried once more
                fake.inject("cuMemAlloc", passing, CUresult.CUDA_ERROR_OUT_OF_MEMORY, 2);
                compare(there, here, 2, 6);
                int recorded = passing < 2 ? 0 : 1;
                assertThat(there.calls).isEqualTo(2 + recorded);
                for (int seed = 3; seed < 6; seed++) {
                    compare(there, here, seed, 6);
                }
                assertThat(there.calls).as("not tried again").isEqualTo(5 + recorded);
                assertThat(CapturedWork.isRefused()).isFalse();
            }
        }
    }

    @Test
    void aGraphWithoutMemoryForItsLaunchIsGivenUp() {
        try (Computation there = there();
                Computation here = here()) {
            for (int seed = 0; seed < 3; seed++) {
                compare(there, here, seed, 6);
            }
            assertThat(there.calls).isEqualTo(2);
            backend.engine().run(backend.engine().context().memory()::trim);
            // a call that fails is made once more
            fake.inject("cuGraphLaunch", 0, CUresult.CUDA_ERROR_OUT_OF_MEMORY, 2);
            for (int seed = 3; seed < 6; seed++) {
                compare(there, here, seed, 6);
            }
            assertThat(there.calls).as("computed from then on").isEqualTo(5);
            assertThat(CapturedWork.isRefused()).isFalse();
        }
    }

    @Test
    void othersWhoNeedTheMemoryGetIt() {
        try (Computation there = there();
                Computation here = here()) {
            there.temporary = LARGE;
            for (int seed = 0; seed < 3; seed++) {
                compare(there, here, seed, 6);
            }
            assertThat(there.calls).isEqualTo(2);
            backend.engine().run(backend.engine().context().memory()::trim);
            fake.setMemory((1L << 30) - backend.memory().availableMemory() + Float.BYTES * LARGE / 2);
            Tensor other = Tensor.zeros(DEVICE, DType.F32, Shape.of(LARGE)); // [LARGE], as much as the graph has
            backend.synchronize();
            fake.setMemory(1L << 30);
            for (int seed = 3; seed < 6; seed++) {
                compare(there, here, seed, 6);
            }
            assertThat(there.calls).as("computed from then on").isEqualTo(5);
            assertThat(other.slice(0, 0, 3).toFloatArray()).containsOnly(0);
            for (int seed = 6; seed < 9; seed++) {
                compare(there, here, seed, 8);
            }
            assertThat(there.calls).as("another shape is captured").isEqualTo(7);
        }
    }

    @Test
    void theDriverItselfGetsTheMemoryToo() {
        try (Computation there = there();
                Computation here = here()) {
            there.temporary = LARGE;
            for (int seed = 0; seed < 3; seed++) {
                compare(there, here, seed, 6);
            }
            assertThat(there.calls).isEqualTo(2);
            DeviceMemory memory = backend.engine().context().memory();
            backend.engine().run(memory::trim);
            fake.setMemory((1L << 30) - backend.memory().availableMemory() + Float.BYTES * LARGE / 2);
            int code = backend.engine().context().dispatcher().call(() -> {
                RawDevicePointer own = new RawDevicePointer(); // as a library or a kernel's code takes it
                int answer = memory.answer(() -> JCudaDriver.cuMemAlloc(own, (long) Float.BYTES * LARGE));
                return answer == 0 ? JCudaDriver.cuMemFree(own) : answer;
            });
            fake.setMemory(1L << 30);
            assertThat(code).isZero();
            compare(there, here, 3, 6);
            assertThat(there.calls).as("the graph is gone").isEqualTo(3);
        }
    }

    @Test
    void whatCannotBeReplayedIsAnError() {
        try (Computation there = there()) {
            Tensor x = Tensor.zeros(DEVICE, DType.F32, Shape.of(2, WIDTH)); // [2, D]
            int[] ids = new int[4];
            Runnable scattersPart = () -> new Workspace()
                    .run(() -> there.replays.run("part", "constants", List.of(ids), new float[1], numbers -> {
                        backend.rows().scatterAddRows(x, backend.replaying().part(ids, 0, 2), there.gradient);
                        return numbers;
                    }));
            scattersPart.run();
            assertThatThrownBy(scattersPart::run)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("use a whole array");
            Runnable sameTwice = () -> there.run(ids, ids, new float[4], "the same array twice");
            sameTwice.run();
            assertThatThrownBy(sameTwice::run)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("give a copy");
            for (int i = 0; i < 3; i++) {
                there.run(new int[5], new int[5], new float[5], "one shape");
            }
            for (int[] lengths : new int[][] {{4, 5, 5}, {5, 4, 5}, {5, 5, 4}}) {
                assertThatThrownBy(() ->
                                there.run(new int[lengths[0]], new int[lengths[1]], new float[lengths[2]], "one shape"))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("make the lengths part of its shape");
            }
        }
    }
}
