// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.emulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Numbers;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What tests of kernels share: an emulated device in each order of threads, and the reference to compare with.
 *
 * <p>A BF16 kernel computes in F32 and rounds once, so its specification is the reference on the rounded inputs, rounded.
 */
@ParameterizedClass
@MethodSource("dev.jacobian.tensor.cuda.emulation.ThreadOrder#tested")
public abstract class KernelTestBase {
    protected static final DType[] TYPES = {DType.F32, DType.BF16};

    protected final Backend reference = Backends.reference();

    @Parameter
    protected ThreadOrder order;

    protected KernelEmulator device;
    protected Rng rng;

    @BeforeEach
    void open() {
        EmulationLibrary.get(); // skips without a compiler, which a static initialiser could not
        device = new KernelEmulator(order);
        rng = new Rng(4, getClass().getSimpleName().hashCode());
    }

    @AfterEach
    void close() {
        if (device != null) {
            device.close();
        }
    }

    /** What {@code type} makes of the numbers, in F32. */
    protected static Tensor rounded(Tensor x, DType type) {
        return x.to(type).to(DType.F32);
    }

    protected static String suffix(DType type) {
        return "_" + type.name().toLowerCase(Locale.ROOT);
    }

    protected static int blocks(long n, int perBlock) {
        return Math.toIntExact((n + perBlock - 1) / perBlock);
    }

    /** Fails unless the memory has the bits of the expected numbers, rounded to its type. */
    protected static void assertSame(EmulatedMemory actual, Tensor expected, DType type, String what) {
        Numbers.assertSameBits(
                actual.read(expected.shape().toArray()), rounded(expected.contiguous(), type), what + ", " + type);
    }

    /** Fails unless each number is within the bound for it. */
    protected static void assertNear(EmulatedMemory actual, Tensor expected, float[] bounds, String what) {
        float[] a = actual.read(expected.shape().toArray()).toFloatArray();
        float[] e = expected.toFloatArray();
        for (int i = 0; i < e.length; i++) {
            assertThat(Math.abs(a[i] - e[i]))
                    .as("%s: element %d is %s, the reference has %s", what, i, a[i], e[i])
                    .isLessThanOrEqualTo(bounds[i]);
        }
    }
}
