// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Numbers;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.driver.CudaException;
import dev.jacobian.tensor.cuda.driver.DeviceBlock;
import dev.jacobian.tensor.cuda.driver.DeviceMemory;
import dev.jacobian.tensor.cuda.emulation.EmulatedDevice;
import dev.jacobian.tensor.cuda.emulation.ProbeKernels;
import dev.jacobian.tensor.cuda.emulation.ThreadOrder;
import dev.jacobian.tensor.cuda.engine.CudaEngine;
import dev.jacobian.tensor.cuda.engine.CudaGraph;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import jcuda.driver.CUresult;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** The texts that the library carries, loaded by the driver, and its kernels launched as the backend does. */
@ParameterizedClass
@EnumSource(ThreadOrder.class)
class KernelsEmulatedTest extends EmulatedDevice {
    @Parameter
    ThreadOrder order;

    private final Backend reference = Backends.reference();
    private final Rng rng = new Rng(4, 1);

    private void withKernels(Consumer<KernelModules> test) {
        fake.setOrder(order);
        onDevice(() -> {
            try (KernelModules kernels = new KernelModules(context)) {
                test.accept(kernels);
            }
        });
    }

    private DeviceBlock copy(Tensor x) {
        return block(x.toFloatArray());
    }

    private DeviceBlock like(Tensor x) {
        return context.memory().allocate(4L * x.elements(), stream, "output");
    }

    private void assertSame(DeviceBlock actual, Tensor expected, String what) {
        Numbers.assertSameBits(Tensor.of(read(actual), expected.shape().toArray()), expected, what);
    }

    @Test
    void everyKernelOfTheTextsIsThere() {
        withKernels(kernels -> new KernelTexts().textOfKernel().keySet().forEach(kernels::kernel));
    }

    @Test
    void aNormAndASoftmaxHaveTheReferencesBits() {
        Tensor x = Numbers.normal(rng, 35, 40); // [N, D]
        Tensor weight = Numbers.normal(rng, 40); // [D]
        Tensor norm = Tensor.zeros(35, 40); // [N, D]
        Tensor inverse = Tensor.zeros(35); // [N]
        Tensor probabilities = Tensor.zeros(35, 40); // [N, D]
        reference.norms().rmsNorm(x, weight, 1e-6f, norm, inverse);
        reference.softmax().softmax(norm, 0.5f, probabilities);
        withKernels(kernels -> {
            KernelSite rmsNorm = kernels.kernel("rms_norm_f32");
            KernelSite softmax = kernels.kernel("softmax_f32");
            try (DeviceBlock deviceX = copy(x);
                    DeviceBlock deviceWeight = copy(weight);
                    DeviceBlock deviceNorm = like(norm);
                    DeviceBlock deviceInverse = like(inverse);
                    DeviceBlock deviceProbabilities = like(probabilities)) {
                rmsNorm.set(0, deviceX).set(1, deviceWeight).set(2, 1e-6f);
                rmsNorm.set(3, 35).set(4, 40).set(5, deviceNorm).set(6, deviceInverse);
                rmsNorm.launch(stream, 3, 256);
                softmax.set(0, deviceNorm).set(1, 40).set(2, 0.5f).set(3, deviceProbabilities);
                softmax.launch(stream, 35, 256);
                assertSame(deviceNorm, norm, "norm");
                assertSame(deviceInverse, inverse, "1/rms");
                assertSame(deviceProbabilities, probabilities, "softmax");
            }
        });
    }

    @Test
    void manyBlocksOnSeveralThreads() {
        float[] values = new float[100_000];
        for (int i = 0; i < values.length; i++) {
            values[i] = i;
        }
        withKernels(kernels -> {
            KernelSite scale = kernels.kernel("scale_f32");
            try (DeviceBlock x = context.memory().allocate(4L * values.length, stream, "x")) {
                staging.upload(MemorySegment.ofArray(values), x, stream);
                scale.set(0, x).set(1, 0.5f).set(2, (long) values.length).set(3, x);
                scale.launch(stream, 391, 256);
                float[] scaled = read(x);
                for (int i = 0; i < values.length; i++) {
                    assertThat(scaled[i]).isEqualTo(0.5f * i);
                }
            }
        });
    }

    @Test
    void theLaunchBoundsOfTheTextsHold() {
        withKernels(kernels -> {
            KernelSite fill = kernels.kernel("fill_f32");
            try (DeviceBlock x = block(1, 2, 3)) {
                fill.set(0, 7f).set(1, 3L).set(2, x);
                assertThatThrownBy(() -> fill.launch(stream, 1, 512))
                        .hasMessageContaining("CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES");
                fill.launch(stream, 1, 256);
                assertThat(read(x)).containsExactly(7, 7, 7);
            }
        });
    }

    @Test
    void aTextIsCompiledWhenItsFirstKernelIsAskedFor() {
        withKernels(kernels -> {
            kernels.kernel("add_f32");
            fake.inject("cuModuleLoadDataEx", 0, CUresult.CUDA_ERROR_INVALID_PTX);
            kernels.kernel("scale_bf16"); // of the same text
            assertThatThrownBy(() -> kernels.kernel("softmax_f32"))
                    .isInstanceOf(CudaException.class)
                    .hasMessageStartingWith("compiling softmax.ptx for cuda:0");
            kernels.kernel("softmax_f32"); // a failure is not remembered
            kernels.loadAll();
            fake.inject("cuModuleLoadDataEx", 0, CUresult.CUDA_ERROR_INVALID_PTX);
            kernels.loadAll();
            kernels.kernel("rotary_f32");
            assertThatThrownBy(() -> new CudaModule(context, "the next", ProbeKernels.PTX))
                    .hasMessageStartingWith("compiling the next");
        });
    }

    @Test
    void aFullDeviceIsAskedAgainWithoutTheCache() {
        closeDevice();
        open(DeviceMemory.Reuse.CACHED);
        onDevice(() -> block(1, 2, 3).close());
        assertThat(context.memory().account().cached()).isPositive();
        withKernels(kernels -> {
            fake.inject("cuModuleLoadDataEx", 0, CUresult.CUDA_ERROR_OUT_OF_MEMORY);
            kernels.kernel("add_f32");
            assertThat(context.memory().account().cached()).isZero();
        });
    }

    @Test
    void aKernelThatIsInNoTextIsNamed() {
        withKernels(kernels -> assertThatThrownBy(() -> kernels.kernel("rotary_f16"))
                .isInstanceOf(CudaException.class)
                .hasMessageStartingWith("there is no kernel rotary_f16; build the program again"));
    }

    @Test
    void anEngineCompilesWhatItUses() {
        fake.setOrder(order);
        // The first text is compiled on opening, where a caller can still take another device.
        fake.inject("cuModuleLoadDataEx", 0, CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
        assertThatThrownBy(() -> CudaEngine.open(0)).hasMessageContaining("update the driver");
        fake.inject("cuModuleLoadDataEx", 1, CUresult.CUDA_ERROR_INVALID_PTX);
        try (CudaEngine engine = CudaEngine.open(0)) {
            Runnable scale = () -> engine.launchNow("scale_f32", 1, 1, 32, 0, 0L, 2f, 0L, 0L); // of no elements
            assertThatThrownBy(() -> engine.run(scale)).hasMessageStartingWith("compiling elementwise.ptx for cuda:0");
            engine.run(scale);
            engine.synchronize();
        }
    }

    @Test
    void aGraphMayBeTheFirstToUseAKernel() {
        fake.setOrder(order);
        try (CudaEngine engine = CudaEngine.open(0)) {
            float[] values = {3};
            engine.run(() -> {
                try (DeviceBlock x = engine.allocate(4, "x", false)) {
                    engine.upload(MemorySegment.ofArray(values), x, 0);
                    CudaGraph graph =
                            CudaGraph.capture(engine, () -> engine.launchNow("scale_f32", 1, 1, 32, 0, x, 2f, 1L, x));
                    graph.launch();
                    graph.launch();
                    engine.download(x, 0, MemorySegment.ofArray(values));
                    graph.close();
                }
            });
            assertThat(values).containsExactly(12);
        }
    }
}
