// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import java.util.concurrent.TimeUnit;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * What one core can do at most: fused multiply-adds on registers, with enough independent chains to hide their latency and
 * no memory in sight.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class RooflineBenchmark {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final int STEPS = 10_000;

    /** Operations per call: 12 chains, a multiplication and an addition each. */
    static final double OPERATIONS = 2.0 * 12 * STEPS * S.length();

    public float x = 0.999f;
    private final float[] sink = new float[S.length()];

    @Benchmark
    public float[] fma() {
        FloatVector f = FloatVector.broadcast(S, x);
        FloatVector c0 = f;
        FloatVector c1 = f;
        FloatVector c2 = f;
        FloatVector c3 = f;
        FloatVector c4 = f;
        FloatVector c5 = f;
        FloatVector c6 = f;
        FloatVector c7 = f;
        FloatVector c8 = f;
        FloatVector c9 = f;
        FloatVector c10 = f;
        FloatVector c11 = f;
        for (int i = 0; i < STEPS; i++) {
            c0 = c0.fma(f, f);
            c1 = c1.fma(f, f);
            c2 = c2.fma(f, f);
            c3 = c3.fma(f, f);
            c4 = c4.fma(f, f);
            c5 = c5.fma(f, f);
            c6 = c6.fma(f, f);
            c7 = c7.fma(f, f);
            c8 = c8.fma(f, f);
            c9 = c9.fma(f, f);
            c10 = c10.fma(f, f);
            c11 = c11.fma(f, f);
        }
        c0.add(c1)
                .add(c2)
                .add(c3)
                .add(c4)
                .add(c5)
                .add(c6)
                .add(c7)
                .add(c8)
                .add(c9)
                .add(c10)
                .add(c11)
                .intoArray(sink, 0);
        return sink;
    }
}
