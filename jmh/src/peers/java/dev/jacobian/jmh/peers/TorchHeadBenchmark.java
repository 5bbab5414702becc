// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.peers;

import dev.jacobian.jmh.HeadCase;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.PointerScope;
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

/** {@code linear} and {@code cross_entropy_loss} of libtorch, and their gradients. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TorchHeadBenchmark {
    @Param("forward 512x896x32000")
    public String head;

    private HeadCase of;
    private Tensor hidden; // [N, D]
    private Tensor weight; // [V, D]
    private Tensor targets; // [N]

    @Setup
    public void setUp() {
        Torch.setThreads();
        of = HeadCase.parse(head);
        hidden = Torch.of(of.states(), of.rows(), of.hidden());
        weight = Torch.of(of.weights(), of.vocabulary(), of.hidden());
        hidden.set_requires_grad(of.backward());
        weight.set_requires_grad(of.backward());
        long[] ids = new long[of.rows()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = of.target(i);
        }
        targets = Torch.of(ids, ids.length);
    }

    @Benchmark
    public float torch() {
        try (PointerScope _ = new PointerScope()) {
            Tensor loss = torch.cross_entropy_loss(torch.linear(hidden, weight), targets);
            if (of.backward()) {
                torch.grad(new TensorVector(loss), new TensorVector(hidden, weight));
            }
            return loss.item_float();
        }
    }
}
