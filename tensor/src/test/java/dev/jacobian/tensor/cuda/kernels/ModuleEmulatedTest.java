// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.cuda.driver.CudaException;
import dev.jacobian.tensor.cuda.driver.DeviceBlock;
import dev.jacobian.tensor.cuda.driver.DeviceMemory;
import dev.jacobian.tensor.cuda.emulation.EmulatedDevice;
import dev.jacobian.tensor.cuda.emulation.ProbeKernels;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import jcuda.driver.CUresult;
import org.junit.jupiter.api.Test;

/** PTX text to running kernels, and every way in which that goes wrong. */
class ModuleEmulatedTest extends EmulatedDevice {
    private void withModule(Consumer<CudaModule> test) {
        onDevice(() -> {
            try (CudaModule module = new CudaModule(context, "probe", ProbeKernels.PTX)) {
                test.accept(module);
            }
        });
    }

    @Test
    void aKernelRunsWithItsArguments() {
        withModule(module -> {
            KernelSite site = module.kernel("add_scaled");
            try (DeviceBlock x = block(1, 2, 3);
                    DeviceBlock y = block(10, 20, 30)) {
                site.set(0, x).set(1, y).set(2, 3).set(3, 2f).launch(stream, 1, 256);
                assertThat(read(y)).containsExactly(12, 24, 36);
                // Arguments that do not change stay.
                site.set(3, -1f).launch(stream, 1, 256);
                assertThat(read(y)).containsExactly(11, 22, 33);
            }
        });
    }

    @Test
    void argumentsAreTakenAtTheLaunch() {
        withModule(module -> {
            KernelSite site = module.kernel("add_scaled");
            try (DeviceBlock x = block(1);
                    DeviceBlock y = block(0)) {
                site.set(0, x).set(1, y).set(2, 1).set(3, 1f).launch(stream, 1, 1);
                site.set(3, 100f); // the launch before may not have run yet
                assertThat(read(y)).containsExactly(1);
            }
        });
    }

    @Test
    void anArgumentOfTheWrongWidthOrPlaceIsRefused() {
        withModule(module -> {
            KernelSite site = module.kernel("add_scaled");
            assertThatThrownBy(() -> site.set(0, 1)).hasMessageContaining("parameter 0 has 8 bytes, the argument 4");
            assertThatThrownBy(() -> site.set(2, 1L)).hasMessageContaining("parameter 2 has 4 bytes, the argument 8");
            assertThatThrownBy(() -> site.set(4, 1)).hasMessageContaining("no parameter 4");
            assertThatThrownBy(() -> site.launch(stream, 1, 1)).hasMessageContaining("argument 0 of 4 has no value");
            site.set(0, 0L);
            assertThatThrownBy(() -> site.launch(stream, 1, 1)).hasMessageContaining("argument 1 of 4 has no value");
        });
    }

    @Test
    void aSyntaxErrorShowsTheCompilersLog() {
        String broken = ProbeKernels.PTX.replace("fail()\n{", "fail()\n");
        assertThatThrownBy(() -> onDevice(() -> new CudaModule(context, "broken kernels", broken)))
                .isInstanceOfSatisfying(
                        CudaException.class,
                        failure -> assertThat(failure.code()).isEqualTo(CUresult.CUDA_ERROR_INVALID_PTX))
                .hasMessageContaining("compiling broken kernels for cuda:0 Emulated GPU 0")
                .hasMessageContaining("The driver's compiler says: ptx input, line 24; error: unbalanced near '}'");
        assertThatThrownBy(() -> onDevice(() -> new CudaModule(context, "nothing", "")))
                .hasMessageContaining("does not begin with .version");
    }

    @Test
    void anUnknownKernelNamesThoseThereAre() {
        withModule(module -> assertThatThrownBy(() -> module.kernel("add"))
                .hasMessage("probe has no kernel add; it has [add_scaled, poke, fail, changed, ghost, poke_through]"));
    }

    @Test
    void textAndSourcesOfDifferentTimesAreSeen() {
        withModule(module -> {
            assertThatThrownBy(() -> module.kernel("ghost")).isInstanceOf(CudaException.class);
            assertThat(fake.takeFaults()).isEqualTo("kernel ghost is in the PTX text, but not emulated\n");
            assertThatThrownBy(() -> module.kernel("changed")).isInstanceOf(CudaException.class);
            assertThat(fake.takeFaults()).contains("parameters of 8,8 bytes, the source of 8,4: regenerate");
        });
    }

    @Test
    void aLaunchThatTheDeviceCannotDoIsRefused() {
        withModule(module -> {
            KernelSite site = module.kernel("add_scaled");
            try (DeviceBlock x = block(1)) {
                site.set(0, x).set(1, x).set(2, 0).set(3, 0f);
                assertThatThrownBy(() -> site.launch(stream, 1, 257))
                        .hasMessageContaining("launching add_scaled with grid 1×1×1, block 257×1×1")
                        .hasMessageContaining("CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES")
                        .hasMessageContaining("use fewer threads");
                assertThatThrownBy(() -> site.launch(stream, 0, 1)).hasMessageContaining("CUDA_ERROR_INVALID_VALUE");
                assertThatThrownBy(() -> site.launch(stream, 1, 1, 1, 1, 1, 1, 50_000))
                        .hasMessageContaining("50000 bytes of shared memory");
                site.allowSharedMemory(50_000);
                site.launch(stream, 1, 1, 1, 1, 1, 1, 50_000);
                assertThatThrownBy(() -> site.allowSharedMemory(1 << 20)).hasMessageContaining("1048576 bytes");
            }
        });
    }

    @Test
    void aWriteBehindABlockIsFoundWhereverItIs() {
        for (long index : new long[] {3, -1}) {
            onDevice(() -> {
                CudaModule module = new CudaModule(context, "probe", ProbeKernels.PTX);
                DeviceBlock block = block(1, 2, 3);
                KernelSite poke =
                        module.kernel("poke").set(0, block).set(1, index).set(2, 7f);
                assertThatThrownBy(() -> {
                            poke.launch(stream, 1, 1); // in eager mode this already answers
                            stream.synchronize();
                        })
                        .isInstanceOf(CudaException.class)
                        .hasMessageContaining("CUDA_ERROR_ILLEGAL_ADDRESS")
                        .hasMessageContaining("context is lost");
                String side = index < 0 ? "in front of" : "behind";
                assertThat(fake.takeFaults()).startsWith("kernel poke wrote " + side + " the allocation of 12 bytes");
                // Lost is lost: everything answers with the failure until the context is gone.
                assertThatThrownBy(() -> context.memory().allocate(4, stream, "x"))
                        .hasMessageContaining("CUDA_ERROR_ILLEGAL_ADDRESS");
            });
            abandonDevice();
            open(DeviceMemory.Reuse.NEVER); // a new context works
        }
    }

    @Test
    void aWriteThatNoPointerOfTheLaunchLeadsToIsFoundByTheNextWait() {
        onDevice(() -> {
            CudaModule module = new CudaModule(context, "probe", ProbeKernels.PTX);
            DeviceBlock block = block(1, 2, 3);
            DeviceBlock table = context.memory().allocate(8, stream, "addresses");
            staging.upload(MemorySegment.ofArray(new long[] {block.address()}), table, stream);
            module.kernel("poke_through").set(0, table).set(1, 3L).set(2, 7f).launch(stream, 1, 1);
            assertThatThrownBy(() -> stream.synchronize()).hasMessageContaining("CUDA_ERROR_ILLEGAL_ADDRESS");
            assertThat(fake.takeFaults()).startsWith("something before a wait wrote behind the allocation of 12 bytes");
        });
        abandonDevice();
    }

    @Test
    void aKernelThatFailsIsReportedByTheNextWait() {
        onDevice(() -> {
            CudaModule module = new CudaModule(context, "probe", ProbeKernels.PTX);
            KernelSite fail = module.kernel("fail");
            assertThatThrownBy(() -> {
                        fail.launch(stream, 1, 1);
                        stream.synchronize();
                    })
                    .hasMessageContaining("CUDA_ERROR_LAUNCH_FAILED");
            assertThat(fake.takeFaults())
                    .startsWith("kernel fail failed: fail: lane outside its mask: thread (0, 0, 0)")
                    .contains("probe.cu:");
        });
        abandonDevice();
    }

    @Test
    void aKernelOfAnUnloadedModuleIsRefused() {
        onDevice(() -> {
            CudaModule module = new CudaModule(context, "probe", ProbeKernels.PTX);
            KernelSite fail = module.kernel("fail");
            module.close();
            module.close();
            assertThatThrownBy(() -> fail.launch(stream, 1, 1)).hasMessageContaining("CUDA_ERROR_INVALID_HANDLE");
        });
        assertThat(fake.takeFaults()).contains("module is unloaded");
    }
}
