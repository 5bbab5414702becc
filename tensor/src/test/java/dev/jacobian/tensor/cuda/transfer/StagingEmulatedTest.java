// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.cuda.driver.DeviceBlock;
import dev.jacobian.tensor.cuda.emulation.EmulatedDevice;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.stream.IntStream;
import jcuda.driver.CUresult;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Copies of arrays through a ring of two buffers of 1000 bytes. */
class StagingEmulatedTest extends EmulatedDevice {
    private void roundTrip(MemorySegment from, MemorySegment to) {
        onDevice(() -> {
            try (DeviceBlock block = context.memory().allocate(from.byteSize(), stream, "round trip")) {
                staging.upload(from, block, stream);
                staging.download(block, to, stream).await();
            }
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 249, 250, 251, 499, 500, 501, 750, 1003})
    void arraysOfAnyLengthComeBack(int length) {
        float[] floats = new float[length];
        for (int i = 0; i < length; i++) {
            floats[i] = i + 0.5f;
        }
        float[] back = new float[length];
        roundTrip(MemorySegment.ofArray(floats), MemorySegment.ofArray(back));
        assertThat(back).isEqualTo(floats);
    }

    @Test
    void arraysOfEveryTypeComeBack() {
        byte[] bytes = new byte[1999];
        Arrays.fill(bytes, (byte) -3);
        byte[] bytesBack = new byte[1999];
        roundTrip(MemorySegment.ofArray(bytes), MemorySegment.ofArray(bytesBack));
        assertThat(bytesBack).isEqualTo(bytes);

        short[] shorts = {1, -2, 3};
        short[] shortsBack = new short[3];
        roundTrip(MemorySegment.ofArray(shorts), MemorySegment.ofArray(shortsBack));
        assertThat(shortsBack).isEqualTo(shorts);

        int[] ints = IntStream.range(-300, 300).toArray();
        int[] intsBack = new int[600];
        roundTrip(MemorySegment.ofArray(ints), MemorySegment.ofArray(intsBack));
        assertThat(intsBack).isEqualTo(ints);

        long[] longs = {Long.MIN_VALUE, -1, Long.MAX_VALUE};
        long[] longsBack = new long[3];
        roundTrip(MemorySegment.ofArray(longs), MemorySegment.ofArray(longsBack));
        assertThat(longsBack).isEqualTo(longs);
    }

    @Test
    void anArrayMayChangeAfterItsUpload() {
        float[] values = {1, 2, 3};
        onDevice(() -> {
            try (DeviceBlock block = context.memory().allocate(12, stream, "block")) {
                staging.upload(MemorySegment.ofArray(values), block, stream);
                Arrays.fill(values, -1);
                assertThat(read(block)).containsExactly(1, 2, 3);
            }
        });
    }

    @Test
    void aDownloadIsThereWhenAwaitedAndNotBefore() {
        float[] values = new float[3];
        Readback readback = onDevice(() -> {
            try (DeviceBlock block = block(1, 2, 3)) {
                Readback pending = staging.download(block, MemorySegment.ofArray(values), stream);
                assertThat(values).containsExactly(0, 0, 0);
                return pending;
            }
        });
        readback.await(); // from this thread, and after the block is closed
        assertThat(values).containsExactly(1, 2, 3);
        values[0] = 9;
        readback.await();
        assertThat(values[0]).isEqualTo(9);
    }

    @Test
    void moreDownloadsThanBuffersAllArrive() {
        float[][] arrays = new float[7][300]; // each takes both buffers
        onDevice(() -> {
            float[] values = new float[300];
            Readback[] readbacks = new Readback[arrays.length];
            for (int i = 0; i < arrays.length; i++) {
                Arrays.fill(values, i + 1);
                try (DeviceBlock block = block(values)) {
                    readbacks[i] = staging.download(block, MemorySegment.ofArray(arrays[i]), stream);
                }
            }
            readbacks[6].await();
            readbacks[0].await();
        });
        for (int i = 0; i < arrays.length; i++) {
            assertThat(arrays[i]).containsOnly(i + 1);
        }
    }

    @Test
    void partsOfBlocksAndArraysAreCopied() {
        onDevice(() -> {
            try (DeviceBlock block = block(1, 2, 3, 4, 5)) {
                staging.upload(MemorySegment.ofArray(new float[] {-2, -3}), block, 4, stream);
                float[] back = {0, 0, 0, 0};
                staging.download(block, 8, MemorySegment.ofArray(back).asSlice(4, 8), stream)
                        .await();
                assertThat(back).containsExactly(0, -3, 4, 0);
            }
        });
    }

    @Test
    void whatDoesNotFitIsRefused() {
        onDevice(() -> {
            try (DeviceBlock block = block(1, 2, 3)) {
                float[] four = new float[4];
                assertThatThrownBy(() -> staging.upload(MemorySegment.ofArray(four), block, stream))
                        .isInstanceOf(IndexOutOfBoundsException.class)
                        .hasMessageContaining("16 bytes at 0 are not within");
                assertThatThrownBy(() -> staging.download(block, MemorySegment.ofArray(four), stream))
                        .isInstanceOf(IndexOutOfBoundsException.class);
                MemorySegment constant = MemorySegment.ofArray(new float[3]).asReadOnly();
                assertThatThrownBy(() -> staging.download(block, constant, stream))
                        .isInstanceOf(IllegalArgumentException.class);
            }
            assertThatThrownBy(() -> new Staging(context, 0, 10)).isInstanceOf(IllegalArgumentException.class);
        });
    }

    @Test
    void closingCompletesWhatIsUnderWay() {
        float[] values = new float[3];
        onDevice(() -> {
            try (Staging ring = new Staging(context, 1, 100);
                    DeviceBlock block = block(1, 2, 3)) {
                ring.download(block, MemorySegment.ofArray(values), stream);
            }
        });
        assertThat(values).containsExactly(1, 2, 3);
    }

    @Test
    void aRingThatCannotBePinnedLeavesNothingBehind() {
        fake.inject("cuMemAllocHost", 1, CUresult.CUDA_ERROR_OUT_OF_MEMORY, 2); // asked for once more before it fails
        assertThatThrownBy(() -> onDevice(() -> new Staging(context, 3, 100)))
                .hasMessageContaining("copies need 100 B of pinned host memory");
    }

    @Test
    void aFailedCopyIsThrownByTheWait() {
        onDevice(() -> {
            try (DeviceBlock block = block(1, 2, 3)) {
                Readback readback = staging.download(block, MemorySegment.ofArray(new float[3]), stream);
                fake.inject("cuEventSynchronize", 0, CUresult.CUDA_ERROR_ECC_UNCORRECTABLE);
                assertThatThrownBy(readback::await).hasMessageContaining("CUDA_ERROR_ECC_UNCORRECTABLE");
            }
        });
    }
}
