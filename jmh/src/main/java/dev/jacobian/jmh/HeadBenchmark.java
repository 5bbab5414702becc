// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Reduction;
import dev.jacobian.autograd.TokenLogProbs;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
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

/** The fused head: hidden states to log-probabilities of tokens, without logits of the whole batch, and its gradients. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class HeadBenchmark {
    /** See {@link HeadCase#parse}. */
    @Param("forward 512x896x32000")
    public String head;

    private final Workspace workspace = new Workspace();
    private HeadCase of;
    private Parameter hidden; // [N, D]
    private Parameter weight; // [V, D]
    private int[] rows;
    private int[] targets;

    @Setup
    public void setUp() {
        of = HeadCase.parse(head);
        hidden = Var.parameter("hidden", Tensor.of(of.states(), of.rows(), of.hidden()));
        weight = Var.parameter("weight", Tensor.of(of.weights(), of.vocabulary(), of.hidden()));
        rows = new int[of.rows()];
        targets = new int[of.rows()];
        Arrays.setAll(rows, i -> i);
        Arrays.setAll(targets, of::target);
    }

    @Benchmark
    public float run() {
        return workspace.compute(() -> {
            if (!of.backward()) {
                return NoGrad.compute(() -> mean().value().item());
            }
            Var mean = mean();
            float value = mean.value().item();
            mean.backward();
            hidden.clearGrad();
            weight.clearGrad();
            return value;
        });
    }

    private Var mean() {
        return Reduction.mean(
                TokenLogProbs.tokenLogProbs(hidden, weight, rows, targets, 1f).logProbs());
    }
}
