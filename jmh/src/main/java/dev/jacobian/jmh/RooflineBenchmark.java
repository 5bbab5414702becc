// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import java.util.Arrays;
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
 * What a machine can do at most: fused multiply-adds on registers, with enough independent chains to hide their latency and
 * no memory in sight; and reading, from an array that no cache holds, by each thread its own.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class RooflineBenchmark {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final int STEPS = 10_000;

    /** Operations per call: 12 chains, a multiplication and an addition each. */
    public static final double OPERATIONS = 2.0 * 12 * STEPS * S.length();

    private static final int FLOATS = 1 << 26;

    /** Bytes of one call of {@link #read}. */
    public static final double BYTES = 4.0 * FLOATS;

    public float x = 0.999f;
    private final float[] sink = new float[S.length()];
    private float[] memory = new float[0];

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

    @Benchmark
    public float[] read() {
        if (memory.length == 0) { // in the first warm-up call, so that the other roofline does not pay for it
            memory = new float[FLOATS];
            Arrays.fill(memory, x);
        }
        FloatVector c0 = FloatVector.zero(S);
        FloatVector c1 = c0;
        FloatVector c2 = c0;
        FloatVector c3 = c0;
        int step = S.length();
        for (int i = 0; i < FLOATS; i += 4 * step) {
            c0 = c0.add(FloatVector.fromArray(S, memory, i));
            c1 = c1.add(FloatVector.fromArray(S, memory, i + step));
            c2 = c2.add(FloatVector.fromArray(S, memory, i + 2 * step));
            c3 = c3.add(FloatVector.fromArray(S, memory, i + 3 * step));
        }
        c0.add(c1).add(c2).add(c3).intoArray(sink, 0);
        return sink;
    }
}
