// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.DeviceArray;
import dev.jacobian.tensor.DeviceException;
import dev.jacobian.tensor.cuda.CudaBackend;
import dev.jacobian.tensor.cuda.driver.CudaEvent;
import dev.jacobian.tensor.cuda.driver.CudaStream;
import dev.jacobian.tensor.cuda.driver.DeviceBlock;
import dev.jacobian.tensor.cuda.driver.MemoryAccount;
import dev.jacobian.tensor.cuda.emulation.FakeDriver;
import dev.jacobian.tensor.cuda.emulation.ProbeKernels;
import dev.jacobian.tensor.cuda.kernels.Cublas;
import dev.jacobian.tensor.cuda.kernels.CudaModule;
import dev.jacobian.tensor.cuda.transfer.PinnedBuffer;
import java.util.function.Consumer;
import jcuda.driver.CUresult;
import jcuda.jcublas.cublasStatus;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Device memory that runs short: because the cache has it, or another process. */
class ShortMemoryEmulatedTest {
    private static final long MIB = 1 << 20;
    private static final int ALWAYS = 1 << 30;

    private FakeDriver fake;
    private CudaEngine engine;

    @BeforeEach
    void open() {
        fake = FakeDriver.require();
        engine = CudaBackend.of(Device.cuda(0)).engine();
    }

    @AfterEach
    void nothingIsLeft() {
        if (engine != null) {
            engine.synchronize();
            assertThat(account().blocks()).as("the workspace of cuBLAS").isEqualTo(1);
            CudaBackend.closeAll();
            assertThat(fake.takeFaults()).isEmpty();
        }
    }

    private void reopen(long memory) {
        CudaBackend.closeAll();
        fake.setMemory(memory);
        engine = CudaBackend.of(Device.cuda(0)).engine();
    }

    private MemoryAccount account() {
        return engine.context().memory().account();
    }

    /** What takes device memory of its own, with the answer that says there is too little. */
    private enum Call {
        ALLOCATION(
                "cuMemAlloc",
                CUresult.CUDA_ERROR_OUT_OF_MEMORY,
                engine -> engine.scratch(3 * MIB, "activations").close()),
        LAUNCH("cuLaunchKernel", CUresult.CUDA_ERROR_OUT_OF_MEMORY, Call::fill),
        FUNCTION(
                "cuModuleGetFunction",
                CUresult.CUDA_ERROR_OUT_OF_MEMORY,
                engine -> withModule(engine, module -> module.kernel("poke"))),
        MODULE("cuModuleLoadDataEx", CUresult.CUDA_ERROR_OUT_OF_MEMORY, engine -> withModule(engine, module -> {})),
        GRAPH("cuGraphInstantiate", CUresult.CUDA_ERROR_OUT_OF_MEMORY, engine -> withGraph(engine, graph -> {})),
        GRAPH_LAUNCH(
                "cuGraphLaunch", CUresult.CUDA_ERROR_OUT_OF_MEMORY, engine -> withGraph(engine, CudaGraph::launch)),
        STREAM(
                "cuStreamCreate",
                CUresult.CUDA_ERROR_OUT_OF_MEMORY,
                engine -> new CudaStream(engine.context(), "another").close()),
        EVENT(
                "cuEventCreate",
                CUresult.CUDA_ERROR_OUT_OF_MEMORY,
                engine -> CudaEvent.ordering(engine.context()).close()),
        PRODUCT("cublasGemm", cublasStatus.CUBLAS_STATUS_ALLOC_FAILED, Call::multiply);

        private final String function;
        private final int code;
        private final Consumer<CudaEngine> body;

        Call(String function, int code, Consumer<CudaEngine> body) {
            this.function = function;
            this.code = code;
            this.body = body;
        }

        private static void fill(CudaEngine engine) {
            try (DeviceBlock block = engine.scratch(64, "a tensor")) {
                engine.launchNow("fill_f32", 1, 1, 256, 0, 1f, 16L, block);
            }
        }

        private static void withModule(CudaEngine engine, Consumer<CudaModule> body) {
            try (CudaModule module = new CudaModule(engine.context(), "probe", ProbeKernels.PTX)) {
                body.accept(module);
            }
        }

        private static void withGraph(CudaEngine engine, Consumer<CudaGraph> body) {
            try (CudaGraph graph = CudaGraph.capture(engine, () -> fill(engine))) {
                body.accept(graph);
                engine.stream().synchronize();
            }
        }

        private static void multiply(CudaEngine engine) {
            try (DeviceBlock block = engine.scratch(12, "a, b and c")) {
                engine.stream().clear(block.address(), 12);
                engine.cublas().multiply(1, 1, 1, 1, matrix(block, 0), matrix(block, 4), 0, matrix(block, 8));
            }
        }

        private static Cublas.Matrix matrix(DeviceBlock block, int offset) {
            return new Cublas.Matrix(block.address() + offset, DType.F32, 1, false);
        }
    }

    private void cache(long bytes) {
        engine.run(() -> engine.scratch(bytes, "a tensor of the step before").close());
        assertThat(account().cached()).isGreaterThanOrEqualTo(bytes);
    }

    @ParameterizedTest
    @EnumSource(Call.class)
    @DisplayName("whatever takes device memory: the cache is given back, and only then it is too little")
    void everyCall(Call call) {
        engine.run(() -> call.body.accept(engine));
        engine.run(() -> engine.context().memory().trim());
        cache(2 * MIB);
        fake.inject(call.function, 0, call.code);
        engine.run(() -> call.body.accept(engine));
        assertThat(account().cached()).as("given back").isLessThan(2 * MIB + (call == Call.ALLOCATION ? 2 * MIB : 0));

        engine.run(() -> engine.context().memory().trim());
        long blocks = account().blocks();
        cache(2 * MIB);
        fake.inject(call.function, 0, call.code, ALWAYS);
        assertThatThrownBy(() -> engine.run(() -> call.body.accept(engine)))
                .isInstanceOfSatisfying(
                        DeviceException.class,
                        failure -> assertThat(failure.isOutOfMemory()).isTrue())
                .hasMessageMatching(
                        ".* needs .*, cuda:0 Emulated GPU 0, 1\\.00 GiB, compute capability 9\\.0 has 99\\d\\.\\d MiB"
                            + " free \\(this program holds 32\\.\\d MiB, the driver and other processes .*\\); use a"
                            + " smaller batch or model, or end other processes on the device");
        fake.inject(call.function, ALWAYS, call.code);
        assertThat(account().blocks()).as("nothing is left open").isEqualTo(blocks);
        engine.run(() -> call.body.accept(engine));
    }

    @Test
    @DisplayName("pinned memory is the host's, and the message says so")
    void pinned() {
        cache(2 * MIB);
        fake.inject("cuMemAllocHost", 0, CUresult.CUDA_ERROR_OUT_OF_MEMORY);
        engine.run(() -> new PinnedBuffer(engine.context(), 5000).close());
        assertThat(account().cached()).isZero();
        fake.inject("cuMemAllocHost", 0, CUresult.CUDA_ERROR_OUT_OF_MEMORY, ALWAYS);
        assertThatThrownBy(() -> engine.run(() -> new PinnedBuffer(engine.context(), 5000).close()))
                .hasMessage("copies need 4.9 KiB of pinned host memory, which the system does not give; end other"
                        + " processes, or raise the memory limit of the container");
        fake.inject("cuMemAllocHost", ALWAYS, 0);
    }

    @Test
    @DisplayName(
            "another process takes memory between two allocations: exact numbers, nothing lost, and on when it is gone")
    void another() {
        reopen(128 * MIB);
        DeviceArray weights = tensor(40); // beside cuBLAS's 32 MiB
        engine.synchronize();
        MemoryAccount before = account();
        fake.setTaken(48 * MIB);
        assertThat(CudaBackend.of(Device.cuda(0)).memory().availableMemory()).isEqualTo(8 * MIB);
        DeviceArray activations = tensor(16);
        assertThatThrownBy(engine::synchronize)
                .isInstanceOfSatisfying(
                        DeviceException.class,
                        failure -> assertThat(failure.isOutOfMemory()).isTrue())
                .hasMessage(
                        "a tensor of 4194304 F32 needs 16.0 MiB, cuda:0 Emulated GPU 0, 128.0 MiB, compute capability"
                            + " 9.0 has 8.0 MiB free (this program holds 72.0 MiB, the driver and other processes 48.0"
                            + " MiB); use a smaller batch or model, or end other processes on the device");
        activations.close();
        assertThat(account()).isEqualTo(before);
        assertThatThrownBy(() -> engine.run(() -> engine.context().memory().require(9 * MIB, "training")))
                .hasMessageStartingWith("training needs 9.0 MiB, cuda:0")
                .hasMessageContaining("has 8.0 MiB free");
        fake.setTaken(0);
        DeviceArray again = tensor(16);
        engine.synchronize();
        again.close();
        weights.close();
    }

    private static DeviceArray tensor(int mebibytes) {
        return CudaBackend.of(Device.cuda(0))
                .memory()
                .allocate(DType.F32, (int) (mebibytes * MIB / Float.BYTES), false);
    }

    @Test
    @DisplayName("another process took the cache's room: it is found again by giving the cache back")
    void anotherAndTheCache() {
        reopen(128 * MIB);
        cache(40 * MIB);
        fake.setTaken(50 * MIB); // 6 MiB are free
        engine.run(() -> engine.scratch(44 * MIB, "activations").close());
        fake.setTaken(0);
    }

    @Test
    @DisplayName("a device that another process holds alone says so")
    void exclusive() {
        CudaBackend.closeAll();
        fake.inject("cuDevicePrimaryCtxRetain", 0, CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE);
        assertThatThrownBy(() -> CudaBackend.of(Device.cuda(0)))
                .hasMessageStartingWith("opening cuda:0")
                .hasMessageContaining("another process holds the device alone (nvidia-smi lists processes")
                .hasMessageContaining("wait, take another, or use --device cpu");
        engine = CudaBackend.of(Device.cuda(0)).engine();
    }
}
