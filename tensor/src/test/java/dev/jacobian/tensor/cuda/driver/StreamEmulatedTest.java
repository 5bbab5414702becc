// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.cuda.emulation.EmulatedDevice;
import dev.jacobian.tensor.cuda.emulation.FakeDriver;
import dev.jacobian.tensor.cuda.emulation.ProbeKernels;
import dev.jacobian.tensor.cuda.kernels.Cublas;
import dev.jacobian.tensor.cuda.kernels.CudaModule;
import dev.jacobian.tensor.cuda.kernels.KernelSite;
import dev.jacobian.tensor.cuda.transfer.PinnedBuffer;
import java.lang.foreign.ValueLayout;
import jcuda.driver.CUresult;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Order: within a stream, between streams, between the device and the host. */
class StreamEmulatedTest extends EmulatedDevice {
    @Test
    void withoutAWaitTheHostSeesOldDataInLazyMode() {
        onDevice(() -> {
            try (DeviceBlock block = block(1, 2, 3);
                    PinnedBuffer host = new PinnedBuffer(context, 12)) {
                host.memory().set(ValueLayout.JAVA_FLOAT, 0, -1);
                host.copyFromDevice(block.address(), 12, stream);
                float early = host.memory().get(ValueLayout.JAVA_FLOAT, 0);
                assertThat(early).isEqualTo(FakeDriver.lazy() ? -1 : 1);
                assertThat(stream.isIdle()).isEqualTo(!FakeDriver.lazy());
                stream.synchronize();
                assertThat(stream.isIdle()).isTrue();
                assertThat(host.memory().toArray(ValueLayout.JAVA_FLOAT)).containsExactly(1, 2, 3);
            }
        });
    }

    @Test
    void twoStreamsAreOrderedByAnEventOnly() {
        onDevice(() -> {
            try (CudaStream other = new CudaStream(context, "other");
                    CudaEvent written = CudaEvent.ordering(context);
                    DeviceBlock block = block(1, 2, 3);
                    DeviceBlock unordered = context.memory().allocate(12, other, "copied too early");
                    DeviceBlock ordered = context.memory().allocate(12, other, "copied in order")) {
                other.copy(block.address(), unordered.address(), 12);
                other.synchronize();
                written.record(stream);
                other.await(written);
                other.copy(block.address(), ordered.address(), 12);
                other.synchronize();
                assertThat(written.isReached()).isTrue();
                assertThat(read(ordered)).containsExactly(1, 2, 3);
                float[] early =
                        FakeDriver.lazy() ? new float[] {Float.NaN, Float.NaN, Float.NaN} : new float[] {1, 2, 3};
                assertThat(read(unordered)).as("fresh memory is NaN").containsExactly(early);
            }
        });
    }

    @Test
    void anEventThatWasNotRecordedIsNotWaitedFor() {
        onDevice(() -> {
            try (CudaEvent event = CudaEvent.ordering(context)) {
                event.synchronize();
                stream.await(event);
                assertThat(event.isReached()).isTrue();
            }
        });
    }

    @Test
    void timingEventsTellTheTimeBetween() {
        onDevice(() -> {
            try (CudaEvent start = CudaEvent.timing(context);
                    CudaEvent end = CudaEvent.timing(context);
                    CudaEvent untimed = CudaEvent.ordering(context)) {
                start.record(stream);
                end.record(stream);
                untimed.record(stream);
                end.synchronize();
                assertThat(end.millisecondsSince(start)).isBetween(0f, 10_000f);
                assertThatThrownBy(() -> untimed.millisecondsSince(start)).isInstanceOf(CudaException.class);
                assertThat(fake.takeFaults()).contains("does not tell the time");
            }
        });
    }

    @Test
    void clearingSetsZero() {
        onDevice(() -> {
            try (DeviceBlock block = block(1, 2, 3)) {
                stream.clear(block.address(4, 4), 4);
                assertThat(read(block)).containsExactly(1, 0, 3);
            }
        });
    }

    @Test
    void aClosedStreamOrEventIsRefused() {
        onDevice(() -> {
            CudaStream other = new CudaStream(context, "other");
            other.close();
            other.close();
            assertThatThrownBy(other::synchronize).hasMessageContaining("stream other is closed");
            assertThatThrownBy(() -> context.memory().allocate(4, other, "x")).hasMessageContaining("closed");
            CudaEvent event = CudaEvent.ordering(context);
            event.close();
            event.close();
            assertThatThrownBy(() -> event.record(stream)).hasMessageContaining("event is closed");
        });
    }

    @Test
    void aDeviceThatIsLostStaysLost() {
        onDevice(() -> {
            CudaModule module = new CudaModule(context, "probe", ProbeKernels.PTX);
            DeviceBlock y = block(0);
            Cublas cublas = new Cublas(stream);
            KernelSite site =
                    module.kernel("add_scaled").set(0, y).set(1, y).set(2, 1).set(3, 1f);
            fake.loseDeviceAfter(2);
            site.launch(stream, 1, 1);
            site.launch(stream, 1, 1);
            assertThat(read(y)).containsExactly(0);
            lost(() -> site.launch(stream, 1, 1));
            lost(() -> site.launch(stream, 1, 1));
            lost(stream::synchronize);
            lost(() -> read(y));
            lost(() -> stream.clear(y.address(), 4));
            lost(() -> context.memory().allocate(4, stream, "x"));
            lost(() -> new CudaModule(context, "probe", ProbeKernels.PTX));
            lost(CudaDevice::list);
            var matrix = new Cublas.Matrix(y.address(), DType.F32, 1, false);
            assertThatThrownBy(() -> cublas.multiply(1, 1, 1, 1, matrix, matrix, 0, matrix))
                    .hasMessageContaining("CUBLAS_STATUS_EXECUTION_FAILED");
        });
        lost(context::close);
        assertThat(fake.takeFaults())
                .as("nobody can close in order what is lost")
                .isEmpty();
        lost(() -> CudaContext.open(0));
        fake.loseDeviceAfter(-1);
        open(DeviceMemory.Reuse.NEVER);
    }

    private static void lost(ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        CudaException.class,
                        failure -> assertThat(failure.code()).isEqualTo(CUresult.CUDA_ERROR_LAUNCH_FAILED));
    }

    @Test
    void aLostDeviceSaysToRestart() {
        fake.inject("cuStreamSynchronize", 0, CUresult.CUDA_ERROR_LAUNCH_FAILED);
        assertThatThrownBy(() -> onDevice(() -> stream.synchronize()))
                .isInstanceOfSatisfying(
                        CudaException.class,
                        failure -> assertThat(failure.code()).isEqualTo(CUresult.CUDA_ERROR_LAUNCH_FAILED))
                .hasMessageContaining("waiting for stream test failed: CUDA_ERROR_LAUNCH_FAILED")
                .hasMessageContaining("start again; training runs continue from their last checkpoint");
    }
}
