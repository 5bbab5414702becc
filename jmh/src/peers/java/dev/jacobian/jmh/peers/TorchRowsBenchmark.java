// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.peers;

import dev.jacobian.jmh.RowsCase;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Operations on rows in libtorch, without autograd. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TorchRowsBenchmark {
    private static final int HEAD_DIM = 64;

    @Param("rmsnorm 2048x896")
    public String rows;

    private InferenceMode mode;
    private RowsCase of;
    private Tensor x; // [N, D]
    private Tensor y; // [N, D]
    private Tensor weight; // [D]
    private Tensor cos; // [N, 1, headDim / 2]
    private Tensor sin; // [N, 1, headDim / 2]

    @Setup
    public void setUp() {
        Torch.setThreads();
        mode = new InferenceMode();
        of = RowsCase.parse(rows);
        x = torch.randn(of.rows(), of.columns());
        y = torch.randn(of.rows(), of.columns());
        weight = torch.randn(of.columns());
        cos = torch.randn(of.rows(), 1, HEAD_DIM / 2);
        sin = torch.randn(of.rows(), 1, HEAD_DIM / 2);
    }

    @Benchmark
    public long torch() {
        try (PointerScope _ = new PointerScope()) {
            Tensor out = switch (of.kind()) {
                case "rmsnorm" ->
                    torch.rms_norm(x, new long[] {of.columns()}, new TensorOptional(weight), new DoubleOptional(1e-6));
                case "rotary" -> rotary();
                case "swiglu" -> torch.silu(x).mul_(y);
                default -> torch.softmax(x, -1);
            };
            return out.size(0);
        }
    }

    private Tensor rotary() {
        Tensor heads = x.view(of.rows(), of.columns() / HEAD_DIM, HEAD_DIM);
        Tensor first = heads.narrow(-1, 0, HEAD_DIM / 2);
        Tensor second = heads.narrow(-1, HEAD_DIM / 2, HEAD_DIM / 2);
        return torch.cat(
                new TensorVector(
                        first.mul(cos).sub_(second.mul(sin)), second.mul(cos).add_(first.mul(sin))),
                -1);
    }
}
