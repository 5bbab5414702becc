// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.autograd.Var;
import dev.jacobian.autograd.optim.AdamW;
import dev.jacobian.autograd.optim.AdamWConfig;
import dev.jacobian.autograd.optim.GradientClipping;
import dev.jacobian.transformer.CausalLM;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A whole optimizer step of a language model: loss, gradients, clipping, AdamW. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TrainingStepBenchmark {
    /** See {@link ModelCase#parse}: about 0.1, 1 and 5 million parameters. */
    @Param({"d64 l2 v264 64x16", "d128 l4 v1024 16x128", "d256 l6 v2048 8x128"})
    public String model;

    private CausalLM causalLM;
    private List<int[]> tokens;
    private AdamW optimizer;

    @Setup
    public void setUp() {
        ModelCase shape = ModelCase.parse(model);
        causalLM = shape.model();
        tokens = shape.tokens();
        optimizer = new AdamW(causalLM.parameters(), AdamWConfig.DEFAULT);
    }

    @Benchmark
    public float step() {
        Var loss = causalLM.loss(tokens, tokens);
        loss.backward();
        optimizer.step(1e-5, GradientClipping.measure(causalLM.parameters(), 1).scale());
        optimizer.zeroGrad();
        return loss.value().item();
    }
}
