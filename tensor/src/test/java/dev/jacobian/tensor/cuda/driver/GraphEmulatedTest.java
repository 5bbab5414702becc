// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.cuda.emulation.EmulatedDevice;
import dev.jacobian.tensor.cuda.emulation.FakeDriver;
import dev.jacobian.tensor.cuda.emulation.ProbeKernels;
import dev.jacobian.tensor.cuda.kernels.Cublas;
import dev.jacobian.tensor.cuda.kernels.CudaModule;
import dev.jacobian.tensor.cuda.kernels.KernelSite;
import dev.jacobian.tensor.cuda.transfer.PinnedBuffer;
import java.lang.foreign.ValueLayout;
import java.util.function.IntSupplier;
import jcuda.Pointer;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUresult;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.CUstreamCaptureStatus;
import jcuda.driver.JCudaDriver;
import org.junit.jupiter.api.Test;

/** Captured streams and what may not be captured, through the driver's own functions. */
class GraphEmulatedTest extends EmulatedDevice {
    private static final int STRICT = CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_GLOBAL;

    private CUgraphExec capture(Runnable work) {
        check(JCudaDriver.cuStreamBeginCapture(stream.handle(), STRICT));
        work.run();
        CUgraph graph = new CUgraph();
        check(JCudaDriver.cuStreamEndCapture(stream.handle(), graph));
        CUgraphExec executable = new CUgraphExec();
        check(JCudaDriver.cuGraphInstantiate(executable, graph, 0L));
        check(JCudaDriver.cuGraphDestroy(graph)); // the executable has all it needs
        return executable;
    }

    private void launch(CUgraphExec executable) {
        check(JCudaDriver.cuGraphLaunch(executable, stream.handle()));
    }

    private static void destroy(CUgraphExec executable) {
        check(JCudaDriver.cuGraphExecDestroy(executable));
    }

    private static void check(int code) {
        assertThat(code).isZero();
    }

    private int status() {
        int[] status = new int[1];
        check(JCudaDriver.cuStreamIsCapturing(stream.handle(), status));
        return status[0];
    }

    @Test
    void aReplayHasTheArgumentsOfTheCaptureAndTheMemoryOfItsTime() {
        onDevice(() -> {
            try (CudaModule module = new CudaModule(context, "probe", ProbeKernels.PTX);
                    Cublas cublas = new Cublas(stream);
                    DeviceBlock x = block(1, 2);
                    DeviceBlock y = block(10, 20);
                    DeviceBlock cleared = block(5, 5);
                    DeviceBlock copy = block(0, 0);
                    DeviceBlock product = block(0, 0, 0, 0)) {
                KernelSite site = module.kernel("add_scaled");
                CUgraphExec executable = capture(() -> {
                    site.set(0, x).set(1, y).set(2, 2).set(3, 1f).launch(stream, 1, 2);
                    stream.clear(cleared.address(), 4);
                    stream.copy(y.address(), copy.address(), 8);
                    var column = new Cublas.Matrix(y.address(), DType.F32, 1, false); // [2, 1]
                    var row = new Cublas.Matrix(x.address(), DType.F32, 2, false); // [1, 2]
                    cublas.multiply(
                            2, 2, 1, 1, column, row, 1, new Cublas.Matrix(product.address(), DType.F32, 2, false));
                });
                site.set(3, 100f); // of no concern to what is captured
                assertThat(read(y)).as("capturing runs nothing").containsExactly(10, 20);
                launch(executable);
                assertThat(read(y)).containsExactly(11, 22);
                assertThat(read(cleared)).containsExactly(0, 5);
                assertThat(read(copy)).containsExactly(11, 22);
                assertThat(read(product)).containsExactly(11, 22, 22, 44);
                launch(executable);
                launch(executable);
                assertThat(read(copy)).containsExactly(13, 26);
                // 11 + 12 + 13 times 1 and 2, and twice that
                assertThat(read(product)).containsExactly(36, 72, 72, 144);
                destroy(executable);
            }
        });
    }

    @Test
    void copiesOfPinnedMemoryReadItAtEachLaunch() {
        onDevice(() -> {
            try (PinnedBuffer host = new PinnedBuffer(context, 4);
                    PinnedBuffer back = new PinnedBuffer(context, 4);
                    DeviceBlock block = block(0)) {
                CUgraphExec executable = capture(() -> {
                    host.copyToDevice(block.address(), 4, stream);
                    back.copyFromDevice(block.address(), 4, stream);
                });
                for (float value : new float[] {3, 4}) {
                    host.memory().set(ValueLayout.JAVA_FLOAT, 0, value);
                    launch(executable);
                    stream.synchronize();
                    assertThat(back.memory().get(ValueLayout.JAVA_FLOAT, 0)).isEqualTo(value);
                }
                destroy(executable);
            }
        });
    }

    @Test
    void eventsOrderStreamsInsideAGraph() {
        onDevice(() -> {
            try (CudaStream other = new CudaStream(context, "other");
                    CudaEvent begun = CudaEvent.ordering(context);
                    CudaEvent done = CudaEvent.ordering(context);
                    DeviceBlock from = block(1, 2);
                    DeviceBlock between = block(0, 0);
                    DeviceBlock late = block(0, 0);
                    DeviceBlock early = block(0, 0)) {
                stream.synchronize();
                CUgraphExec executable = capture(() -> {
                    begun.record(stream);
                    other.await(begun);
                    other.copy(from.address(), between.address(), 8);
                    stream.copy(between.address(), early.address(), 8); // does not wait for the copy beside it
                    done.record(other);
                    stream.await(done);
                    stream.copy(between.address(), late.address(), 8);
                });
                launch(executable);
                assertThat(read(late)).containsExactly(1, 2);
                float[] unordered = FakeDriver.lazy() ? new float[] {0, 0} : new float[] {1, 2};
                assertThat(read(early)).containsExactly(unordered);
                destroy(executable);
            }
        });
    }

    @Test
    void aStreamThatIsNotJoinedIsRefused() {
        onDevice(() -> {
            try (CudaStream other = new CudaStream(context, "other");
                    CudaEvent begun = CudaEvent.ordering(context);
                    DeviceBlock block = block(1, 2)) {
                check(JCudaDriver.cuStreamBeginCapture(stream.handle(), STRICT));
                begun.record(stream);
                other.await(begun);
                other.clear(block.address(), 8);
                CUgraph graph = new CUgraph();
                assertThat(JCudaDriver.cuStreamEndCapture(other.handle(), graph))
                        .isEqualTo(CUresult.CUDA_ERROR_STREAM_CAPTURE_UNMATCHED);
                assertThat(JCudaDriver.cuStreamEndCapture(stream.handle(), graph))
                        .isEqualTo(CUresult.CUDA_ERROR_STREAM_CAPTURE_UNJOINED);
                assertThat(fake.takeFaults())
                        .contains("a capture that another stream began")
                        .contains("1 of 1 captured pieces of work are on streams that were not joined");
                assertThat(read(block)).containsExactly(1, 2);
            }
        });
    }

    @Test
    void aWaitForAnEventFromOutsideIsRefused() {
        onDevice(() -> {
            try (CudaEvent before = CudaEvent.ordering(context)) {
                before.record(stream);
                refusedWhileCapturing(
                        CUresult.CUDA_ERROR_STREAM_CAPTURE_ISOLATION,
                        () -> JCudaDriver.cuStreamWaitEvent(stream.handle(), before.handle(), 0),
                        "waits for an event outside of the capture");
            }
        });
    }

    @Test
    void whatCannotBeCapturedIsRefusedAndEndsTheCapture() {
        int unsupported = CUresult.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
        onDevice(() -> {
            try (DeviceBlock block = block(1);
                    CudaEvent event = CudaEvent.ordering(context)) {
                event.record(stream);
                refusedWhileCapturing(
                        unsupported,
                        () -> JCudaDriver.cuStreamSynchronize(stream.handle()),
                        "cuStreamSynchronize while");
                refusedWhileCapturing(unsupported, JCudaDriver::cuCtxSynchronize, "cuCtxSynchronize while");
                refusedWhileCapturing(
                        unsupported, () -> JCudaDriver.cuEventQuery(event.handle()), "cuEventQuery while");
                refusedWhileCapturing(
                        unsupported, () -> JCudaDriver.cuMemAlloc(new RawDevicePointer(), 4), "cuMemAlloc while");
                refusedWhileCapturing(
                        unsupported,
                        () -> JCudaDriver.cuMemFree(new RawDevicePointer(block.address())),
                        "cuMemFree while");
                refusedWhileCapturing(
                        unsupported, () -> JCudaDriver.cuMemAllocHost(new Pointer(), 4), "cuMemAllocHost while");
                refusedWhileCapturing(
                        unsupported,
                        () -> JCudaDriver.cuMemcpyHtoDAsync(
                                new RawDevicePointer(block.address()), Pointer.to(new float[] {2}), 4, stream.handle()),
                        "host memory that is not pinned");
                assertThat(read(block)).containsExactly(1);
            }
        });
    }

    private void refusedWhileCapturing(int code, IntSupplier call, String fault) {
        check(JCudaDriver.cuStreamBeginCapture(stream.handle(), STRICT));
        assertThat(status()).isEqualTo(CUstreamCaptureStatus.CU_STREAM_CAPTURE_STATUS_ACTIVE);
        assertThat(call.getAsInt()).as(fault).isEqualTo(code);
        assertThat(fake.takeFaults()).contains(fault);
        assertThat(status()).isEqualTo(CUstreamCaptureStatus.CU_STREAM_CAPTURE_STATUS_INVALIDATED);
        CUgraph graph = new CUgraph();
        assertThat(JCudaDriver.cuStreamEndCapture(stream.handle(), graph))
                .isEqualTo(CUresult.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
        assertThat(status()).isEqualTo(CUstreamCaptureStatus.CU_STREAM_CAPTURE_STATUS_NONE);
    }

    @Test
    void aRelaxedCaptureLetsOthersAllocate() {
        onDevice(() -> {
            check(JCudaDriver.cuStreamBeginCapture(
                    stream.handle(), CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED));
            context.memory().allocate(4, stream, "during a capture").close();
            CUgraph graph = new CUgraph();
            check(JCudaDriver.cuStreamEndCapture(stream.handle(), graph));
            check(JCudaDriver.cuGraphDestroy(graph));
        });
    }

    @Test
    void aGraphWhoseMemoryIsGoneFails() {
        onDevice(() -> {
            DeviceBlock gone = block(1);
            CUgraphExec executable = capture(() -> stream.clear(gone.address(), 4));
            gone.close();
            int launched = JCudaDriver.cuGraphLaunch(executable, stream.handle());
            int waited = JCudaDriver.cuStreamSynchronize(stream.handle());
            assertThat(Math.max(launched, waited)).isEqualTo(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS);
            assertThat(fake.takeFaults()).startsWith("fill: 0x").contains("was freed");
        });
        abandonDevice();
    }

    @Test
    void aGraphWhoseModuleIsGoneFails() {
        onDevice(() -> {
            CudaModule module = new CudaModule(context, "probe", ProbeKernels.PTX);
            KernelSite site = module.kernel("fail");
            CUgraphExec executable = capture(() -> site.launch(stream, 1, 1));
            module.close();
            int launched = JCudaDriver.cuGraphLaunch(executable, stream.handle());
            int waited = JCudaDriver.cuStreamSynchronize(stream.handle());
            assertThat(Math.max(launched, waited)).isEqualTo(CUresult.CUDA_ERROR_INVALID_HANDLE);
            assertThat(fake.takeFaults()).startsWith("launch of kernel fail by a graph after its module was unloaded");
        });
        abandonDevice();
    }

    @Test
    void graphsLeftOpenAreSeenAtTheEnd() {
        onDevice(() -> {
            var unused = capture(() -> {});
            check(JCudaDriver.cuStreamBeginCapture(stream.handle(), STRICT));
            check(JCudaDriver.cuStreamEndCapture(stream.handle(), new CUgraph()));
        });
        closeDevice();
        assertThat(fake.takeFaults().lines())
                .containsExactlyInAnyOrder(
                        "context closed with 1 open graphs", "context closed with 1 open executable graphs");
    }

    @Test
    void aGraphMayBeThousandsOfLaunchesLong() {
        onDevice(() -> {
            try (CudaModule module = new CudaModule(context, "probe", ProbeKernels.PTX);
                    DeviceBlock one = block(1);
                    DeviceBlock sum = block(0)) {
                KernelSite site = module.kernel("add_scaled");
                site.set(0, one).set(1, sum).set(2, 1).set(3, 1f);
                CUgraphExec executable = capture(() -> {
                    for (int i = 0; i < 20_000; i++) {
                        site.launch(stream, 1, 1);
                    }
                });
                launch(executable);
                assertThat(read(sum)).containsExactly(20_000);
                destroy(executable);
            }
        });
    }
}
