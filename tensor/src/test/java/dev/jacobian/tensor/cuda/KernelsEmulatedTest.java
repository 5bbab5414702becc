// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Numbers;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** The text that the library carries, loaded by the driver, and its kernels launched as the backend does. */
@ParameterizedClass
@EnumSource(ThreadOrder.class)
class KernelsEmulatedTest extends EmulatedDevice {
    private static final String PTX = text();

    @Parameter
    ThreadOrder order;

    private final Backend reference = Backends.reference();
    private final Rng rng = new Rng(4, 1);

    private static String text() {
        try (InputStream in = CudaModule.class.getResourceAsStream("kernels.ptx")) {
            return new String(in.readAllBytes(), UTF_8);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private void withKernels(Consumer<CudaModule> test) {
        fake.setOrder(order);
        onDevice(() -> {
            try (CudaModule module = new CudaModule(context, "kernels", PTX)) {
                test.accept(module);
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
    void everyKernelOfTheTextIsThere() {
        withKernels(module -> PtxEntries.of(PTX).keySet().forEach(module::kernel));
    }

    @Test
    void aNormAndASoftmaxHaveTheReferencesBits() {
        Tensor x = Numbers.normal(rng, 35, 40); // [N, D]
        Tensor weight = Numbers.normal(rng, 40); // [D]
        Tensor norm = Tensor.zeros(35, 40); // [N, D]
        Tensor inverse = Tensor.zeros(35); // [N]
        Tensor probabilities = Tensor.zeros(35, 40); // [N, D]
        reference.rmsNorm(x, weight, 1e-6f, norm, inverse);
        reference.softmax(norm, 0.5f, probabilities);
        withKernels(module -> {
            KernelSite rmsNorm = module.kernel("rms_norm_f32");
            KernelSite softmax = module.kernel("softmax_f32");
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
        withKernels(module -> {
            KernelSite scale = module.kernel("scale_f32");
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
    void theLaunchBoundsOfTheTextHold() {
        withKernels(module -> {
            KernelSite fill = module.kernel("fill_f32");
            try (DeviceBlock x = block(1, 2, 3)) {
                fill.set(0, 7f).set(1, 3L).set(2, x);
                assertThatThrownBy(() -> fill.launch(stream, 1, 512))
                        .hasMessageContaining("CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES");
                fill.launch(stream, 1, 256);
                assertThat(read(x)).containsExactly(7, 7, 7);
            }
        });
    }
}
