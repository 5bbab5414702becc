// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.cuda.emulation.EmulatedDevice;
import dev.jacobian.tensor.cuda.emulation.ProbeKernels;
import dev.jacobian.tensor.cuda.kernels.CudaModule;
import java.util.concurrent.atomic.AtomicReference;
import jcuda.Pointer;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import org.junit.jupiter.api.Test;

/** Devices and contexts: what is there, what is not, and who may call. */
class DeviceEmulatedTest extends EmulatedDevice {
    @Test
    void aDeviceIsListedWithWhatItIs() {
        fake.setDevices(2);
        assertThat(CudaDevice.list()).hasSize(2);
        CudaDevice second = CudaDevice.of(1);
        assertThat(second).isEqualTo(new CudaDevice(1, "Emulated GPU 1", 1L << 30, 9, 0, 2));
        assertThat(second).hasToString("cuda:1 Emulated GPU 1, 1.00 GiB, compute capability 9.0");
    }

    @Test
    void anOrdinalThatDoesNotExistNamesThoseThatDo() {
        assertThatThrownBy(() -> CudaContext.open(3))
                .isInstanceOf(CudaException.class)
                .hasMessageContaining("there is no device cuda:3")
                .hasMessageContaining("cuda:0 Emulated GPU 0")
                .hasMessageContaining("CUDA_VISIBLE_DEVICES");
        assertThatThrownBy(() -> CudaDevice.of(-1)).hasMessageContaining("no device cuda:-1");
    }

    @Test
    void aDriverWithoutADeviceSaysWhatToDo() {
        fake.setDevices(0);
        assertThatThrownBy(CudaDevice::list)
                .isInstanceOfSatisfying(
                        CudaException.class,
                        failure -> assertThat(failure.code()).isEqualTo(CUresult.CUDA_ERROR_NO_DEVICE))
                .hasMessageContaining("nvidia-smi")
                .hasMessageContaining("--device cpu");
    }

    @Test
    void aDeviceThatAnotherProcessHoldsSaysSo() {
        fake.inject("cuDevicePrimaryCtxRetain", 0, CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE);
        assertThatThrownBy(() -> CudaContext.open(0)).hasMessageContaining("another process holds the device");
    }

    @Test
    void deviceCallsBelongOnTheDispatcher() {
        assertThatThrownBy(() -> new CudaStream(context, "elsewhere"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("jacobian-cuda-0");
        assertThatThrownBy(() -> stream.synchronize()).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> context.memory().allocate(4, stream, "x")).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aThreadWithoutTheContextIsRefused() {
        assertThat(JCudaDriver.cuCtxSynchronize()).isEqualTo(CUresult.CUDA_ERROR_INVALID_CONTEXT);
        assertThat(fake.takeFaults()).contains("cuCtxSynchronize on a thread without a context");
    }

    @Test
    void whatIsNotEmulatedSaysSo() {
        int code = onDevice(() -> JCudaDriver.cuCtxGetLimit(new long[1], 0));
        assertThat(code).isEqualTo(CUresult.CUDA_ERROR_NOT_SUPPORTED);
        assertThat(fake.takeFaults()).isEqualTo("cuCtxGetLimit is not emulated\n");
    }

    @Test
    void whatIsLeftOpenIsSeenAtTheEndOfTheContext() {
        onDevice(() -> {
            JCudaDriver.cuMemAlloc(new RawDevicePointer(), 12);
            var unused = CudaEvent.ordering(context);
            var alsoUnused = new CudaModule(context, "probe", ProbeKernels.PTX);
            JCudaDriver.cuMemAllocHost(new Pointer(), 34);
        });
        closeDevice();
        assertThat(fake.takeFaults().lines())
                .containsExactlyInAnyOrder(
                        "context closed with an open allocation of 12 bytes",
                        "context closed with 1 open events",
                        "context closed with 1 loaded modules",
                        "context closed with 34 bytes of host memory still pinned");
    }

    @Test
    void aClosedDeviceAnswersClearly() {
        closeDevice();
        assertThatThrownBy(context::synchronize)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("jacobian-cuda-0 is closed");
        context.close(); // closing again does nothing
    }

    @Test
    void aContextMayBeClosedOnItsOwnThread() {
        AtomicReference<Thread> thread = new AtomicReference<>();
        CudaContext second = CudaContext.open(0);
        second.dispatcher().run(() -> {
            thread.set(Thread.currentThread());
            second.close();
        });
        assertThat(thread.get()).isNotNull();
        assertThatThrownBy(second::synchronize).hasMessageContaining("closed");
    }
}
