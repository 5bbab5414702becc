// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.PackedMatrix;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Matrix products: the square that everybody quotes, the shapes that small language models spend their time on, and batches of
 * small ones.
 *
 * <p>{@code vector} is this project, {@code loop} what a Java programmer writes first (with the loops in the order that
 * the compiler can vectorise). Peers are in {@code src/peers} and take the same parameters.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class MatMulBenchmark {
    /** See {@link MatMulCase#parse}. */
    @Param("NN 1024x1024x1024")
    public String matmul;

    private final Backend backend = Backends.cpu();
    private MatMulCase shape;
    private Tensor a;
    private Tensor b;
    private Tensor out;
    private Tensor firstA;
    private Tensor firstB;
    private Tensor firstOut;
    private PackedMatrix packed;

    @Setup
    public void setUp() {
        shape = MatMulCase.parse(matmul);
        int batch = shape.batch();
        a = matrices(shape.left(), batch, shape.m(), shape.k(), shape.transposeLeft()); // [B, M, K]
        b = matrices(shape.right(), batch, shape.k(), shape.n(), shape.transposeRight()); // [B, K, N]
        out = Tensor.zeros(batch, shape.m(), shape.n()); // [B, M, N]
        firstA = a.select(0, 0); // [M, K]
        firstB = b.select(0, 0); // [K, N]
        firstOut = out.select(0, 0); // [M, N]
        packed = backend.matrices().pack(firstB);
    }

    private static Tensor matrices(float[] numbers, int batch, int rows, int columns, boolean transposed) {
        return transposed
                ? Tensor.of(numbers, batch, columns, rows).transpose(1, 2)
                : Tensor.of(numbers, batch, rows, columns);
    }

    @Benchmark
    public Tensor vector() {
        if (shape.batched()) {
            backend.matrices().batchedMatmul(a, b, out, false);
        } else if (shape.packed()) {
            backend.matrices().matmul(firstA, packed, firstOut, false);
        } else {
            backend.matrices().matmul(firstA, firstB, firstOut, false);
        }
        return out;
    }

    @Benchmark
    public float[] loop() {
        float[] c = out.floats();
        int n = shape.n();
        int k = shape.k();
        float[] as = a.floats();
        float[] bs = b.floats();
        int aRow = a.stride(1);
        int aStep = a.stride(2);
        int bRow = b.stride(1);
        int bStep = b.stride(2);
        Arrays.fill(c, 0f);
        for (int batch = 0; batch < shape.batch(); batch++) {
            int aFrom = batch * shape.m() * k;
            int bFrom = batch * k * n;
            int cFrom = batch * shape.m() * n;
            for (int i = 0; i < shape.m(); i++) {
                for (int p = 0; p < k; p++) {
                    float x = as[aFrom + i * aRow + p * aStep];
                    for (int j = 0; j < n; j++) {
                        c[cFrom + i * n + j] += x * bs[bFrom + p * bRow + j * bStep];
                    }
                }
            }
        }
        return c;
    }

    /** A batch as so many single products. */
    @Benchmark
    public Tensor oneByOne() {
        for (int i = 0; i < shape.batch(); i++) {
            backend.matrices().matmul(a.select(0, i), b.select(0, i), out.select(0, i), false);
        }
        return out;
    }
}
