// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.peers;

import dev.jacobian.jmh.OptimizerBenchmark;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.Tensor;
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

/** {@code torch::optim::AdamW} of libtorch. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TorchOptimizerBenchmark {
    @Param("adamw 16M")
    public String optimizer;

    private Tensor parameter;
    private AdamW adamW;

    @Setup
    public void setUp() {
        Torch.setThreads();
        long n = OptimizerBenchmark.size(optimizer);
        parameter = torch.randn(n);
        parameter.set_requires_grad(true);
        parameter.mutable_grad().put(torch.randn(n));
        adamW = new AdamW(new TensorVector(parameter), new AdamWOptions(1e-5));
    }

    @Benchmark
    public Tensor torch() {
        try (PointerScope _ = new PointerScope()) {
            adamW.step();
        }
        return parameter;
    }
}
