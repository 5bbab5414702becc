// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.RotaryForm;
import dev.jacobian.tensor.Tensor;
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

/** RMSNorm, rotary positions, SwiGLU and softmax, forward. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class RowsBenchmark {
    private static final int HEAD_DIM = 64;

    /** See {@link RowsCase#parse}. */
    @Param("rmsnorm 2048x896")
    public String rows;

    private RowsCase of;
    private Tensor x; // [N, D]
    private Tensor y; // [N, D]
    private Tensor out; // [N, D]
    private Tensor weight; // [D]
    private Tensor inverseRms; // [N]
    private Tensor cos; // [N, headDim / 2]
    private Tensor sin; // [N, headDim / 2]
    private int[] positions;

    @Setup
    public void setUp() {
        of = RowsCase.parse(rows);
        x = tensor(1, of.rows(), of.columns());
        y = tensor(2, of.rows(), of.columns());
        out = Tensor.zeros(of.rows(), of.columns());
        weight = Tensor.of(MatMulCase.numbers(of.columns(), 3), of.columns());
        inverseRms = Tensor.zeros(of.rows());
        cos = tensor(4, of.rows(), HEAD_DIM / 2);
        sin = tensor(5, of.rows(), HEAD_DIM / 2);
        positions = new int[of.rows()];
        Arrays.setAll(positions, i -> i);
    }

    private static Tensor tensor(long seed, int n, int d) {
        return Tensor.of(MatMulCase.numbers(n * d, seed), n, d);
    }

    @Benchmark
    public Tensor vector() {
        return run(Backends.cpu());
    }

    @Benchmark
    public Tensor loop() {
        return run(Backends.reference());
    }

    private Tensor run(Backend backend) {
        switch (of.kind()) {
            case "rmsnorm" -> backend.norms().rmsNorm(x, weight, 1e-6f, out, inverseRms);
            case "rotary" -> backend.positions().rotary(x, RotaryForm.whole(HEAD_DIM), cos, sin, positions, false, out);
            case "swiglu" -> backend.activations().swiGlu(x, y, out);
            default -> backend.softmax().softmax(x, 1f, out);
        }
        return out;
    }
}
