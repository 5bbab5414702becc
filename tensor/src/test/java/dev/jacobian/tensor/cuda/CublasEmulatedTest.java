// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.DType;
import java.lang.foreign.MemorySegment;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasHandle;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** JCuda's own cuBLAS natives, mended for {@code libcublas.so.13}, down to the product. */
class CublasEmulatedTest extends EmulatedDevice {
    private static final float[] A = {1, 2, 3, 4, 5, 6}; // [2, 3]
    private static final float[] B = {1, 0, -1, 2, 3, 1, 0, 1, 4, -2, 1, 1}; // [3, 4]

    /** a · b, rows first. */
    private static float[] product(float[] a, float[] b, int m, int n, int k) {
        float[] c = new float[m * n];
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                for (int p = 0; p < k; p++) {
                    c[i * n + j] += a[i * k + p] * b[p * n + j];
                }
            }
        }
        return c;
    }

    private static float[] transpose(float[] x, int rows, int columns) {
        float[] turned = new float[x.length];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                turned[j * rows + i] = x[i * columns + j];
            }
        }
        return turned;
    }

    private DeviceBlock block(DType type, float... values) {
        if (type == DType.F32) {
            return block(values);
        }
        short[] halves = new short[values.length];
        for (int i = 0; i < values.length; i++) {
            halves[i] = type == DType.BF16
                    ? (short) (Float.floatToRawIntBits(values[i]) >>> 16) // small integers are exact
                    : Float.floatToFloat16(values[i]);
        }
        DeviceBlock block = context.memory().allocate(2L * values.length, stream, "halves");
        staging.upload(MemorySegment.ofArray(halves), block, stream);
        return block;
    }

    @ParameterizedTest
    @CsvSource({
        "F32,false,false",
        "F32,true,false",
        "F32,false,true",
        "BF16,true,true",
        "BF16,false,false",
        "F16,false,true"
    })
    void productsAreRowsFirst(DType type, boolean turnA, boolean turnB) {
        onDevice(() -> {
            try (Cublas cublas = new Cublas(stream);
                    DeviceBlock a = block(type, turnA ? transpose(A, 2, 3) : A);
                    DeviceBlock b = block(type, turnB ? transpose(B, 3, 4) : B);
                    DeviceBlock c = context.memory().allocate(32, stream, "c")) {
                var left = new Cublas.Matrix(a.address(), type, turnA ? 2 : 3, turnA);
                var right = new Cublas.Matrix(b.address(), type, turnB ? 3 : 4, turnB);
                var out = new Cublas.Matrix(c.address(), DType.F32, 4, false);
                cublas.multiply(2, 4, 3, 1, left, right, 0, out); // fresh memory is NaN, and must not come through
                float[] expected = product(A, B, 2, 4, 3);
                assertThat(read(c)).containsExactly(expected);
                cublas.multiply(2, 4, 3, 2, left, right, -1, out);
                assertThat(read(c)).containsExactly(expected);
            }
        });
    }

    @Test
    void theVersionIsTheLibrarys() {
        onDevice(() -> {
            try (Cublas cublas = new Cublas(stream)) {
                assertThat(cublas.version()).isEqualTo(130100);
            }
        });
        assertThat(CudaLoader.cublas(fake.libraries()).file().getFileName()).hasToString("libcublas.so.13");
    }

    @Test
    void mistakesAreRefused() {
        onDevice(() -> {
            try (Cublas cublas = new Cublas(stream);
                    DeviceBlock a = block(A);
                    DeviceBlock c = block(new float[4])) {
                var left = new Cublas.Matrix(a.address(), DType.F32, 3, false);
                var narrow = new Cublas.Matrix(a.address(), DType.F32, 2, false);
                var out = new Cublas.Matrix(c.address(), DType.F32, 2, false);
                var ids = new Cublas.Matrix(a.address(), DType.I32, 3, false);
                assertThatThrownBy(() -> cublas.multiply(2, 2, 3, 1, narrow, left, 0, out))
                        .isInstanceOf(CudaException.class)
                        .hasMessageContaining("multiplying 2×3 by 3×2 of F32")
                        .hasMessageContaining("CUBLAS_STATUS_INVALID_VALUE");
                assertThatThrownBy(() -> cublas.multiply(2, 2, 3, 1, ids, left, 0, out))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("I32");
                // Two rows of three columns run past a block of four numbers.
                var wide = new Cublas.Matrix(c.address(), DType.F32, 3, false);
                assertThatThrownBy(() -> cublas.multiply(2, 3, 2, 1, narrow, left, 0, wide))
                        .isInstanceOf(CudaException.class);
                assertThat(fake.takeFaults()).contains("product, c: 24 bytes at offset 0 run past");
            }
        });
    }

    @Test
    void aFunctionThatIsNotEmulatedSaysSo() {
        onDevice(() -> {
            int status = JCublas2.cublasSetAtomicsMode(new cublasHandle(), 0);
            assertThat(status).isNotZero();
        });
        assertThat(fake.takeFaults()).isEqualTo("cublasSetAtomicsMode is not emulated\n");
    }
}
