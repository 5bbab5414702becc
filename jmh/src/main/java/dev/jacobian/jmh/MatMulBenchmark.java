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
 * Matrix products: the square that everybody quotes, and the shapes that small language models spend their time on.
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
    private PackedMatrix packed;

    @Setup
    public void setUp() {
        shape = MatMulCase.parse(matmul);
        a = Tensor.of(shape.left(), shape.m() * shape.k());
        a = shape.transposeLeft() ? a.reshape(shape.k(), shape.m()).t() : a.reshape(shape.m(), shape.k());
        b = Tensor.of(shape.right(), shape.k() * shape.n());
        b = shape.transposeRight() ? b.reshape(shape.n(), shape.k()).t() : b.reshape(shape.k(), shape.n());
        out = Tensor.zeros(shape.m(), shape.n());
        packed = backend.pack(b);
    }

    @Benchmark
    public Tensor vector() {
        if (shape.packed()) {
            backend.matmul(a, packed, out, false);
        } else {
            backend.matmul(a, b, out, false);
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
        int aRow = a.stride(0);
        int aStep = a.stride(1);
        int bRow = b.stride(0);
        int bStep = b.stride(1);
        Arrays.fill(c, 0f);
        for (int i = 0; i < shape.m(); i++) {
            for (int p = 0; p < k; p++) {
                float x = as[i * aRow + p * aStep];
                for (int j = 0; j < n; j++) {
                    c[i * n + j] += x * bs[p * bRow + j * bStep];
                }
            }
        }
        return c;
    }
}
