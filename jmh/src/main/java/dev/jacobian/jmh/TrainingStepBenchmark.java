// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.autograd.Var;
import dev.jacobian.autograd.optim.AdamW;
import dev.jacobian.autograd.optim.AdamWConfig;
import dev.jacobian.autograd.optim.GradientClipping;
import dev.jacobian.tensor.Workspace;
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
    /** See {@link ModelCase#parse}. */
    @Param("1M 16x128")
    public String model;

    private final Workspace workspace = new Workspace();
    private CausalLM causalLM;
    private List<int[]> tokens;
    private AdamW optimizer;

    @Setup
    public void setUp() {
        ModelCase of = ModelCase.parse(model);
        causalLM = of.model();
        tokens = of.tokens();
        optimizer = new AdamW(causalLM.parameters(), AdamWConfig.DEFAULT);
    }

    @Benchmark
    public float step() {
        return workspace.compute(() -> {
            Var loss = causalLM.loss(tokens, tokens);
            loss.backward();
            optimizer.step(
                    1e-5, GradientClipping.measure(causalLM.parameters(), 1).scale());
            optimizer.zeroGrad();
            return loss.value().item();
        });
    }
}
