// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.tensor.AdamWStep;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Tensor;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** One AdamW step of one large parameter: reads four arrays, writes three. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class OptimizerBenchmark {
    /** Number of parameters, in millions. */
    @Param("adamw 16M")
    public String optimizer;

    private final AdamWStep step =
            new AdamWStep(1f, 1 - 1e-7f, 0.9, 0.999, 1e-5f / 0.1f, (float) (1 / Math.sqrt(0.001)), 1e-8f);
    private Tensor parameter;
    private Tensor gradient;
    private Tensor m;
    private Tensor v;

    /** Numbers of a case {@code adamw NM}. */
    public static int size(String text) {
        if (!text.matches("adamw \\d{1,3}M")) {
            throw new IllegalArgumentException("'" + text + "' is not of the form 'adamw NUMBERM'");
        }
        return Integer.parseInt(text.replaceAll("\\D", "")) * 1_000_000;
    }

    @Setup
    public void setUp() {
        int n = size(optimizer);
        parameter = Tensor.of(MatMulCase.numbers(n, 1), n);
        gradient = Tensor.of(MatMulCase.numbers(n, 2), n);
        m = Tensor.zeros(n);
        v = Tensor.zeros(n);
    }

    @Benchmark
    public Tensor vector() {
        Backends.cpu().optimizer().adamW(parameter, gradient, m, v, step);
        return parameter;
    }

    @Benchmark
    public Tensor loop() {
        Backends.reference().optimizer().adamW(parameter, gradient, m, v, step);
        return parameter;
    }
}
