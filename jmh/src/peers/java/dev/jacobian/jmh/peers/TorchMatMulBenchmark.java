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

/** {@code at::mm_out} of libtorch, on views where an operand is transposed, without autograd. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TorchMatMulBenchmark {
    @Param("NN 1024x1024x1024")
    public String matmul;

    private InferenceMode mode;
    private Tensor a;
    private Tensor b;
    private Tensor c;

    @Setup
    public void setUp() {
        MatMulCase shape = MatMulCase.parse(matmul);
        Torch.setThreads();
        mode = new InferenceMode();
        a = shape.transposeLeft()
                ? Torch.of(shape.left(), shape.k(), shape.m()).t()
                : Torch.of(shape.left(), shape.m(), shape.k());
        b = shape.transposeRight()
                ? Torch.of(shape.right(), shape.n(), shape.k()).t()
                : Torch.of(shape.right(), shape.k(), shape.n());
        c = torch.empty(shape.m(), shape.n());
    }

    @Benchmark
    public Tensor torch() {
        torch.mm_out(c, a, b).close();
        return c;
    }
}
