// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.peers;

import static org.bytedeco.openblas.global.openblas.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas.CblasTrans;
import static org.bytedeco.openblas.global.openblas.blas_set_num_threads;
import static org.bytedeco.openblas.global.openblas.cblas_sgemm;

import dev.jacobian.jmh.MatMulCase;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.FloatPointer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * {@code cblas_sgemm} of OpenBLAS through JavaCPP, on memory outside the heap, so that nothing is copied. A packed operand
 * has no counterpart in its interface: it packs at every call. Nor has a batch: its products go one by one.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class OpenBlasMatMulBenchmark {
    @Param("NN 1024x1024x1024")
    public String matmul;

    private MatMulCase shape;
    private FloatPointer a;
    private FloatPointer b;
    private FloatPointer c;

    @Setup
    public void setUp() {
        shape = MatMulCase.parse(matmul);
        blas_set_num_threads(Integer.getInteger("jacobian.threads", 1));
        a = new FloatPointer(shape.left());
        b = new FloatPointer(shape.right());
        c = new FloatPointer((long) shape.batch() * shape.m() * shape.n());
    }

    @Benchmark
    public FloatPointer openblas() {
        for (int i = 0; i < shape.batch(); i++) {
            a.position((long) i * shape.m() * shape.k());
            b.position((long) i * shape.k() * shape.n());
            c.position((long) i * shape.m() * shape.n());
            multiply();
        }
        return c;
    }

    private void multiply() {
        boolean ta = shape.transposeLeft();
        boolean tb = shape.transposeRight();
        cblas_sgemm(
                CblasRowMajor,
                ta ? CblasTrans : CblasNoTrans,
                tb ? CblasTrans : CblasNoTrans,
                shape.m(),
                shape.n(),
                shape.k(),
                1f,
                a,
                ta ? shape.m() : shape.k(),
                b,
                tb ? shape.k() : shape.n(),
                0f,
                c,
                shape.n());
    }
}
