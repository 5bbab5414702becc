// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.cuda.emulation.EmulatedDevice;
import dev.jacobian.tensor.cuda.emulation.ProbeKernels;
import dev.jacobian.tensor.cuda.kernels.CudaModule;
import dev.jacobian.tensor.cuda.transfer.PinnedBuffer;
import java.util.ArrayList;
import java.util.List;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import org.junit.jupiter.api.Test;

/** The allocator: every byte counted, blocks reused where that is safe, and too little memory said in numbers. */
class MemoryEmulatedTest extends EmulatedDevice {
    private static final long MIB = 1 << 20;

    private void reopenWithCache() {
        closeDevice();
        open(DeviceMemory.Reuse.CACHED);
    }

    @Test
    void everyByteIsCounted() {
        reopenWithCache();
        onDevice(() -> {
            DeviceMemory memory = context.memory();
            DeviceBlock a = memory.allocate(1000, stream, "a");
            DeviceBlock b = memory.allocate(100_000, stream, "b");
            // 100,000 is rounded to eighths of 65,536.
            assertThat(memory.account()).isEqualTo(new MemoryAccount(101_000, 107_520, 0, 107_520, 101_000, 2, 0));
            a.close();
            assertThat(memory.account()).isEqualTo(new MemoryAccount(100_000, 106_496, 1024, 107_520, 101_000, 1, 0));
            b.close();
            b.close();
            assertThat(memory.account()).isEqualTo(new MemoryAccount(0, 0, 107_520, 107_520, 101_000, 0, 0));
            memory.trim();
            assertThat(memory.account()).isEqualTo(new MemoryAccount(0, 0, 0, 107_520, 101_000, 0, 0));
        });
    }

    @Test
    void aClosedBlockServesAgainForItsSizeAndStream() {
        reopenWithCache();
        onDevice(() -> {
            DeviceMemory memory = context.memory();
            try (CudaStream other = new CudaStream(context, "other")) {
                DeviceBlock first = memory.allocate(5000, stream, "first");
                long address = first.address();
                first.close();
                try (DeviceBlock elsewhere = memory.allocate(5000, other, "other stream");
                        DeviceBlock larger = memory.allocate(6000, stream, "other size");
                        DeviceBlock again = memory.allocate(4900, stream, "same class")) {
                    assertThat(elsewhere.address()).isNotEqualTo(address);
                    assertThat(larger.address()).isNotEqualTo(address);
                    assertThat(again.address()).isEqualTo(address);
                }
            }
        });
    }

    @Test
    void aBlockUsedOnAnotherStreamWaitsForIt() {
        reopenWithCache();
        onDevice(() -> {
            try (CudaStream other = new CudaStream(context, "other");
                    CudaEvent filled = CudaEvent.ordering(context);
                    DeviceBlock copy = context.memory().allocate(12, other, "copy")) {
                DeviceBlock block = block(1, 2, 3);
                long address = block.address();
                filled.record(stream);
                other.await(filled);
                other.copy(address, copy.address(), 12);
                block.usedOn(other);
                block.close();
                try (DeviceBlock reused = block(7, 8, 9)) {
                    assertThat(reused.address()).isEqualTo(address);
                    stream.synchronize(); // overwrites the memory; the copy must have been made before
                    other.synchronize();
                    assertThat(read(copy)).containsExactly(1, 2, 3);
                }
            }
        });
    }

    @Test
    void aBlockMayOutliveAnotherStreamThatUsedIt() {
        reopenWithCache();
        onDevice(() -> {
            DeviceBlock block = block(1, 2, 3);
            try (CudaStream other = new CudaStream(context, "other")) {
                block.usedOn(other);
            }
            block.close();
            assertThat(context.memory().account().cached()).isEqualTo(512);
        });
    }

    @Test
    void aStreamThatEndsGivesItsMemoryBack() {
        reopenWithCache();
        onDevice(() -> {
            CudaStream other = new CudaStream(context, "other");
            context.memory().allocate(1000, other, "closed before").close();
            DeviceBlock open = context.memory().allocate(2000, other, "closed after");
            assertThat(context.memory().account().cached()).isEqualTo(1024);
            other.close();
            assertThat(context.memory().account().cached()).isZero();
            open.close();
            assertThat(context.memory().account().cached()).isZero();
            assertThat(context.memory().account().held()).isZero();
        });
    }

    @Test
    void freshMemoryIsNotANumber() {
        onDevice(() -> {
            try (DeviceBlock block = context.memory().allocate(12, stream, "fresh")) {
                assertThat(read(block)).containsExactly(Float.NaN, Float.NaN, Float.NaN);
            }
        });
    }

    @Test
    void tooLittleMemoryIsSaidInNumbers() {
        fake.setMemory(64 * MIB);
        closeDevice();
        open(DeviceMemory.Reuse.CACHED);
        onDevice(() -> {
            DeviceMemory memory = context.memory();
            DeviceBlock held = memory.allocate(40 * MIB, stream, "weights");
            assertThatThrownBy(() -> memory.allocate(48 * MIB, stream, "activations"))
                    .isInstanceOfSatisfying(
                            CudaException.class,
                            failure -> assertThat(failure.code()).isEqualTo(CUresult.CUDA_ERROR_OUT_OF_MEMORY))
                    .hasMessageContaining("activations needs 48.0 MiB")
                    .hasMessageContaining("64.0 MiB, compute capability 9.0 has 24.0 MiB free")
                    .hasMessageContaining("this program holds 40.0 MiB");
            assertThatThrownBy(() -> memory.require(100 * MIB, "training"))
                    .hasMessageContaining("training needs 100.0 MiB")
                    .hasMessageContaining("has 24.0 MiB free");
            memory.require(24 * MIB, "training");
            held.close();
            // Nothing is free but the cache: it is given back rather than the allocation refused.
            memory.require(64 * MIB, "training");
            try (DeviceBlock large = memory.allocate(48 * MIB, stream, "activations")) {
                assertThat(memory.account().cached()).isZero();
                assertThat(large.bytes()).isEqualTo(48 * MIB);
            }
        });
    }

    @Test
    void whatIsFreeIsCountedByDevice() {
        fake.setDevices(2);
        long before = free();
        onDevice(() -> {
            try (DeviceBlock block = context.memory().allocate(1000, stream, "block");
                    PinnedBuffer host = new PinnedBuffer(context, 5000)) {
                assertThat(free()).isEqualTo(before - 1024);
                try (CudaContext second = CudaContext.open(1)) {
                    long[] ofSecond = second.dispatcher().call(MemoryEmulatedTest::information);
                    assertThat(ofSecond).containsExactly(1L << 30, 1L << 30);
                }
            }
        });
        assertThat(free()).isEqualTo(before);
    }

    private long free() {
        return onDevice(MemoryEmulatedTest::information)[0];
    }

    /** Bytes free and in all. */
    private static long[] information() {
        long[] free = new long[1];
        long[] total = new long[1];
        assertThat(JCudaDriver.cuMemGetInfo(free, total)).isZero();
        return new long[] {free[0], total[0]};
    }

    @Test
    void aBlockMayBeClosedAnywhereAndIsClosedThen() throws InterruptedException {
        DeviceBlock block = onDevice(() -> context.memory().allocate(4, stream, "the block"));
        Thread.ofVirtual().start(block::close).join();
        assertThat(context.memory().account().blocks()).isZero();
        assertThat(block.isClosed()).isTrue();
        assertThatThrownBy(block::address).hasMessage("the device block 'the block' is closed");
    }

    @Test
    void aPartMustLieWithinTheBlock() {
        onDevice(() -> {
            try (DeviceBlock block = context.memory().allocate(16, stream, "16 bytes")) {
                assertThat(block.address(12, 4)).isEqualTo(block.address() + 12);
                assertThatThrownBy(() -> block.address(13, 4)).isInstanceOf(IndexOutOfBoundsException.class);
                assertThatThrownBy(() -> block.address(-1, 4)).isInstanceOf(IndexOutOfBoundsException.class);
                assertThatThrownBy(() -> block.address(Long.MAX_VALUE, 4))
                        .isInstanceOf(IndexOutOfBoundsException.class);
            }
            assertThatThrownBy(() -> context.memory().allocate(0, stream, "nothing"))
                    .isInstanceOf(IllegalArgumentException.class);
        });
    }

    @Test
    void aDroppedBlockIsFreedAndCounted() throws InterruptedException {
        onDevice(() -> {
            context.memory().allocate(4096, stream, "dropped");
        });
        List<byte[]> pressure = new ArrayList<>();
        for (int i = 0; i < 200 && context.memory().account().leaked() == 0; i++) {
            pressure.add(new byte[1024]);
            System.gc();
            Thread.sleep(10);
        }
        MemoryAccount account = context.memory().account();
        assertThat(account.leaked()).isEqualTo(1);
        assertThat(account.blocks()).isZero();
        assertThat(account.live()).isZero();
    }

    @Test
    void closingADeviceFreesWhatIsOpen() {
        CudaContext second = CudaContext.open(0);
        DeviceBlock left = second.dispatcher()
                .call(() -> second.memory().allocate(8, new CudaStream(second, "left"), "left open"));
        second.close();
        left.close(); // late, and without effect
        closeDevice();
        assertThat(fake.takeFaults()).isEqualTo("context closed with 1 open streams\n");
    }

    @Test
    void freeingTwiceIsSeen() {
        onDevice(() -> {
            DeviceBlock block = context.memory().allocate(8, stream, "twice");
            long address = block.address();
            block.close();
            assertThat(JCudaDriver.cuMemFree(new RawDevicePointer(address)))
                    .isEqualTo(CUresult.CUDA_ERROR_INVALID_VALUE);
        });
        assertThat(fake.takeFaults()).contains("freed twice?");
    }

    @Test
    void aUseAfterTheEndIsSeen() {
        onDevice(() -> {
            DeviceBlock block = context.memory().allocate(8, stream, "gone");
            long address = block.address();
            block.close();
            try (DeviceBlock other = context.memory().allocate(8, stream, "other")) {
                assertThatThrownBy(() -> stream.copy(address, other.address(), 8))
                        .isInstanceOf(CudaException.class);
                assertThat(fake.takeFaults()).contains("was freed");
                assertThatThrownBy(() -> stream.copy(other.address(), other.address() + 4, 8))
                        .isInstanceOf(CudaException.class);
                assertThat(fake.takeFaults()).contains("8 bytes at offset 4 run past the allocation of 8 bytes");
            }
            try (CudaModule module = new CudaModule(context, "probe", ProbeKernels.PTX)) {
                module.kernel("poke").set(0, address).set(1, 1L).set(2, 5f).launch(stream, 1, 1);
                stream.synchronize();
            }
        });
        closeDevice();
        assertThat(fake.takeFaults()).contains("(8 bytes) was written after it was freed");
    }
}
