// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.HalfFloats;
import dev.jacobian.tensor.Numbers;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.cuda.driver.CudaException;
import dev.jacobian.tensor.cuda.driver.DeviceBlock;
import dev.jacobian.tensor.cuda.driver.RawDevicePointer;
import dev.jacobian.tensor.cuda.emulation.EmulatedDevice;
import dev.jacobian.tensor.cuda.libraries.CudaLoader;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jcuda.Pointer;
import jcuda.cudaDataType;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasComputeType;
import jcuda.jcublas.cublasGemmAlgo;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasOperation;
import jcuda.runtime.cudaStream_t;
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

    @ParameterizedTest
    @CsvSource({"F32,F32,false,true", "BF16,F32,true,false", "BF16,BF16,false,false", "F16,F16,true,true"})
    void batchesOfMatricesLieAStrideApart(DType type, DType outType, boolean turnA, boolean turnB) {
        // Column-major, as cuBLAS has it: c = 2 · a · b - c with a [2, 3], b [3, 4], c [2, 4], three of each.
        int batch = 3;
        int strideA = 7;
        int strideB = 12;
        int strideC = 11;
        float[] a = new float[batch * strideA];
        float[] b = new float[batch * strideB];
        float[] c = new float[batch * strideC];
        float[] expected = new float[batch * strideC];
        Rng rng = new Rng(5, 1);
        for (int i = 0; i < a.length; i++) {
            a[i] = rng.nextInt(9) - 4;
        }
        for (int i = 0; i < b.length; i++) {
            b[i] = rng.nextInt(9) - 4;
        }
        for (int i = 0; i < c.length; i++) {
            c[i] = rng.nextInt(9) - 4;
            expected[i] = c[i];
        }
        for (int one = 0; one < batch; one++) {
            for (int row = 0; row < 2; row++) {
                for (int column = 0; column < 4; column++) {
                    float sum = 0;
                    for (int k = 0; k < 3; k++) {
                        sum += a[one * strideA + (turnA ? k + 3 * row : row + 2 * k)]
                                * b[one * strideB + (turnB ? column + 4 * k : k + 3 * column)];
                    }
                    int index = one * strideC + row + 2 * column;
                    expected[index] = 2 * sum - c[index];
                }
            }
        }
        onDevice(() -> {
            cublasHandle handle = new cublasHandle();
            assertThat(JCublas2.cublasCreate(handle)).isZero();
            assertThat(JCublas2.cublasSetStream(handle, new cudaStream_t(stream.handle())))
                    .isZero();
            try (DeviceBlock deviceA = block(type, a);
                    DeviceBlock deviceB = block(type, b);
                    DeviceBlock deviceC = block(outType, c)) {
                int status = JCublas2.cublasGemmStridedBatchedEx_new(
                        handle,
                        turnA ? cublasOperation.CUBLAS_OP_T : cublasOperation.CUBLAS_OP_N,
                        turnB ? cublasOperation.CUBLAS_OP_T : cublasOperation.CUBLAS_OP_N,
                        2,
                        4,
                        3,
                        Pointer.to(new float[] {2}),
                        new RawDevicePointer(deviceA.address()),
                        dataType(type),
                        turnA ? 3 : 2,
                        strideA,
                        new RawDevicePointer(deviceB.address()),
                        dataType(type),
                        turnB ? 4 : 3,
                        strideB,
                        Pointer.to(new float[] {-1}),
                        new RawDevicePointer(deviceC.address()),
                        dataType(outType),
                        2,
                        strideC,
                        batch,
                        cublasComputeType.CUBLAS_COMPUTE_32F,
                        cublasGemmAlgo.CUBLAS_GEMM_DEFAULT);
                assertThat(status).isZero();
                assertThat(read(outType, deviceC))
                        .as("small integers are exact")
                        .containsExactly(expected);
            } finally {
                JCublas2.cublasDestroy(handle);
            }
        });
    }

    /** Also a matrix that all products share: one of a batch 0 elements apart. */
    @ParameterizedTest
    @CsvSource({
        "F32,F32,false,true,7,12",
        "F32,F32,true,false,0,13",
        "BF16,F32,true,true,6,0",
        "BF16,BF16,false,false,8,12",
        "F16,F16,false,true,6,15",
        "F16,F32,true,false,9,12"
    })
    void batchesOfProductsAreRowsFirst(
            DType type, DType outType, boolean turnA, boolean turnB, int strideA, int strideB) {
        int batch = 3;
        int strideC = 10; // [2, 4] and two elements that must stay
        float[] a = integers(1 + (batch - 1) * strideA + 5);
        float[] b = integers(1 + (batch - 1) * strideB + 11);
        float[] c = integers(batch * strideC);
        float[] expected = c.clone();
        for (int i = 0; i < batch; i++) {
            float[] ofA = Arrays.copyOfRange(a, i * strideA, i * strideA + 6);
            float[] ofB = Arrays.copyOfRange(b, i * strideB, i * strideB + 12);
            float[] product = product(turnA ? transpose(ofA, 3, 2) : ofA, turnB ? transpose(ofB, 4, 3) : ofB, 2, 4, 3);
            for (int e = 0; e < 8; e++) {
                expected[i * strideC + e] = 2 * product[e] - c[i * strideC + e];
            }
        }
        onDevice(() -> {
            try (Cublas cublas = new Cublas(stream);
                    DeviceBlock deviceA = block(type, a);
                    DeviceBlock deviceB = block(type, b);
                    DeviceBlock deviceC = block(outType, c)) {
                var left = new Cublas.Matrix(deviceA.address(), type, turnA ? 2 : 3, turnA);
                var right = new Cublas.Matrix(deviceB.address(), type, turnB ? 3 : 4, turnB);
                var out = new Cublas.Matrix(deviceC.address(), outType, 4, false);
                cublas.multiplyBatch(
                        batch,
                        2,
                        4,
                        3,
                        2,
                        new Cublas.Batch(left, strideA),
                        new Cublas.Batch(right, strideB),
                        -1,
                        new Cublas.Batch(out, strideC),
                        false);
                assertThat(read(outType, deviceC))
                        .as("small integers are exact")
                        .containsExactly(expected);
            }
        });
    }

    private static float[] integers(int count) {
        Rng rng = new Rng(5, 4);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = rng.nextInt(9) - 4;
        }
        return values;
    }

    /** 1 + 2^-12 is 1 with ten bits after the first. */
    @ParameterizedTest
    @CsvSource({"false, 1.000244140625", "true, 1"})
    void batchesAreRoundedToTf32OnlyWhereThatIsAllowed(boolean tf32, float expected) {
        onDevice(() -> {
            try (Cublas cublas = new Cublas(stream);
                    DeviceBlock a = block(1 + 0x1p-12f, 1 + 0x1p-12f);
                    DeviceBlock b = block(1, 1);
                    DeviceBlock c = block(0, 0)) {
                cublas.multiplyBatch(
                        2,
                        1,
                        1,
                        1,
                        1,
                        new Cublas.Batch(new Cublas.Matrix(a.address(), DType.F32, 1, false), 1),
                        new Cublas.Batch(new Cublas.Matrix(b.address(), DType.F32, 1, false), 1),
                        0,
                        new Cublas.Batch(new Cublas.Matrix(c.address(), DType.F32, 1, false), 1),
                        tf32);
                assertThat(read(c)).containsExactly(expected, expected);
            }
        });
    }

    @Test
    void mistakesInABatchAreRefused() {
        onDevice(() -> {
            try (Cublas cublas = new Cublas(stream);
                    DeviceBlock a = block(A);
                    DeviceBlock c = block(new float[8])) {
                var left = new Cublas.Batch(new Cublas.Matrix(a.address(), DType.F32, 3, false), 0);
                var right = new Cublas.Batch(new Cublas.Matrix(a.address(), DType.F32, 2, false), 0);
                var out = new Cublas.Matrix(c.address(), DType.F32, 2, false);
                assertThatThrownBy(() ->
                                cublas.multiplyBatch(2, 2, 2, 3, 1, left, right, 0, new Cublas.Batch(out, 3), false))
                        .isInstanceOf(CudaException.class)
                        .hasMessageContaining("multiplying 2 times 2×3 by 3×2 of F32");
                assertThat(fake.takeFaults()).contains("the matrices of c overlap");
                // A third result would lie behind the block.
                assertThatThrownBy(() ->
                                cublas.multiplyBatch(3, 2, 2, 3, 1, left, right, 0, new Cublas.Batch(out, 4), false))
                        .isInstanceOf(CudaException.class);
                assertThat(fake.takeFaults()).contains("product, c: 48 bytes at offset 0 run past");
                cublas.multiplyBatch(2, 2, 2, 3, 1, left, right, 0, new Cublas.Batch(out, 4), false);
                float[] one = product(A, A, 2, 2, 3);
                assertThat(read(c)).startsWith(one).endsWith(one);
            }
        });
    }

    private static int dataType(DType type) {
        return switch (type) {
            case F32 -> cudaDataType.CUDA_R_32F;
            case BF16 -> cudaDataType.CUDA_R_16BF;
            default -> cudaDataType.CUDA_R_16F;
        };
    }

    private float[] read(DType type, DeviceBlock block) {
        if (type == DType.F32) {
            return read(block);
        }
        short[] halves = new short[(int) (block.bytes() / 2)];
        staging.download(block, MemorySegment.ofArray(halves), stream).await();
        float[] values = new float[halves.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = type == DType.BF16 ? HalfFloats.bfloat16ToFloat(halves[i]) : Float.float16ToFloat(halves[i]);
        }
        return values;
    }

    /** Every tail of the tiles, against sums in double; each of k rounded additions errs by half an ulp of its sum. */
    @Test
    void productsOfAnyShapeAreWithinTheRoundingOfTheirSums() {
        Rng rng = new Rng(5, 2);
        int k = 700;
        for (int[] shape : new int[][] {{1, 1}, {5, 17}, {37, 29}, {100, 64}}) {
            float[] a = Numbers.normal(rng, shape[0], k).toFloatArray();
            float[] b = Numbers.normal(rng, k, shape[1]).toFloatArray();
            float[] actual = multiply(a, b, shape[0], shape[1], k);
            for (int i = 0; i < actual.length; i++) {
                double sum = 0;
                double magnitude = 0;
                for (int p = 0; p < k; p++) {
                    double term = (double) a[i / shape[1] * k + p] * b[p * shape[1] + i % shape[1]];
                    sum += term;
                    magnitude += Math.abs(term);
                }
                assertThat(Math.abs(actual[i] - sum)).isLessThan(k * 0x1p-24 * magnitude);
            }
        }
    }

    /** So no test on the emulated device passes that relies on a library's order of sums. */
    @Test
    void theOrderOfASumDependsOnTheShape() {
        Rng rng = new Rng(5, 3);
        float[] a = Numbers.normal(rng, 100, 700).toFloatArray(); // [100, 700]
        float[] b = Numbers.normal(rng, 700, 64).toFloatArray(); // [700, 64]
        float[] together = Arrays.copyOf(multiply(a, b, 100, 64, 700), 64); // the first row
        float[] alone = multiply(Arrays.copyOf(a, 700), b, 1, 64, 700);
        assertThat(alone).isNotEqualTo(together);
    }

    /** As does that of a batch of one: it need not have the single product's bits. */
    @Test
    void theOrderOfASumDependsOnTheFunction() {
        Rng rng = new Rng(5, 5);
        float[] a = Numbers.normal(rng, 1, 700).toFloatArray(); // [1, 700]
        float[] b = Numbers.normal(rng, 700, 64).toFloatArray(); // [700, 64]
        float[] batch = onDevice(() -> {
            try (Cublas cublas = new Cublas(stream);
                    DeviceBlock deviceA = block(a);
                    DeviceBlock deviceB = block(b);
                    DeviceBlock out = context.memory().allocate(4L * 64, stream, "out")) {
                cublas.multiplyBatch(
                        1,
                        1,
                        64,
                        700,
                        1,
                        new Cublas.Batch(new Cublas.Matrix(deviceA.address(), DType.F32, 700, false), 0),
                        new Cublas.Batch(new Cublas.Matrix(deviceB.address(), DType.F32, 64, false), 0),
                        0,
                        new Cublas.Batch(new Cublas.Matrix(out.address(), DType.F32, 64, false), 0),
                        false);
                return read(out);
            }
        });
        assertThat(batch).isNotEqualTo(multiply(a, b, 1, 64, 700));
    }

    private float[] multiply(float[] a, float[] b, int m, int n, int k) {
        return onDevice(() -> {
            try (Cublas cublas = new Cublas(stream);
                    DeviceBlock deviceA = block(a);
                    DeviceBlock deviceB = block(b);
                    DeviceBlock out = context.memory().allocate(4L * m * n, stream, "out")) {
                cublas.multiply(
                        m,
                        n,
                        k,
                        1,
                        new Cublas.Matrix(deviceA.address(), DType.F32, k, false),
                        new Cublas.Matrix(deviceB.address(), DType.F32, n, false),
                        0,
                        new Cublas.Matrix(out.address(), DType.F32, n, false));
                return read(out);
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
