// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.peers;

import dev.jacobian.jmh.MatMulCase;
import java.util.concurrent.TimeUnit;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** {@code at::mm_out} of libtorch, or {@code at::bmm_out} for a batch, on views where an operand is transposed, without autograd. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TorchMatMulBenchmark {
    @Param("NN 1024x1024x1024")
    public String matmul;

    private MatMulCase shape;
    private InferenceMode mode;
    private Tensor a;
    private Tensor b;
    private Tensor c;

    @Setup
    public void setUp() {
        shape = MatMulCase.parse(matmul);
        Torch.setThreads();
        mode = new InferenceMode();
        a = matrices(shape.left(), shape.m(), shape.k(), shape.transposeLeft());
        b = matrices(shape.right(), shape.k(), shape.n(), shape.transposeRight());
        c = shape.batched() ? torch.empty(shape.batch(), shape.m(), shape.n()) : torch.empty(shape.m(), shape.n());
    }

    private Tensor matrices(float[] numbers, long rows, long columns, boolean transposed) {
        long first = transposed ? columns : rows;
        long second = transposed ? rows : columns;
        Tensor x = shape.batched() ? Torch.of(numbers, shape.batch(), first, second) : Torch.of(numbers, first, second);
        return transposed ? x.transpose(-2, -1) : x;
    }

    @Benchmark
    public Tensor torch() {
        if (shape.batched()) {
            torch.bmm_out(c, a, b).close();
        } else {
            torch.mm_out(c, a, b).close();
        }
        return c;
    }
}
