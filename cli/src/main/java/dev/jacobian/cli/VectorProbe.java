// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.ComputePool;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * What the cores can do at most, measured with vectors: fused multiply-adds between registers, in twelve chains, which hide
 * the latency of each other (4 or 5 cycles at two per cycle on current processors), with no memory in sight; and reading
 * memory with hardly any arithmetic. Plain loops will not do: one that adds up numbers is bound by the additions, at less
 * than half of what memory delivers.
 *
 * <p>At the width of the kernels: a second width in one process would make them slower for good. Touched only where the
 * Vector API is there.
 */
final class VectorProbe {
    private static final VectorSpecies<Float> SPECIES = species();
    private static final int STEPS = 200_000;

    /** A multiplication and an addition per lane and chain. */
    private static final double OPERATIONS = 2.0 * 12 * STEPS * SPECIES.length();

    private VectorProbe() {}

    private static VectorSpecies<Float> species() {
        return switch (Backends.cpu().name()) {
            case "vector-128" -> FloatVector.SPECIES_128;
            case "vector-256" -> FloatVector.SPECIES_256;
            default -> FloatVector.SPECIES_512;
        };
    }

    /** Floating-point operations per second of {@link ComputePool#threads()} threads together. */
    static double flopsPerSecond() {
        int threads = ComputePool.threads();
        float[] sinks =
                new float[threads * 64]; // stored, so that the chains cannot be optimised away; a cache line each
        return threads
                * OPERATIONS
                / Stopwatch.best(0.8, () -> ComputePool.run(threads, thread -> chains(0.999f, sinks, 64 * thread)));
    }

    private static void chains(float start, float[] sink, int at) {
        FloatVector f = FloatVector.broadcast(SPECIES, start);
        FloatVector c0 = FloatVector.broadcast(SPECIES, 0f);
        FloatVector c1 = FloatVector.broadcast(SPECIES, 1f);
        FloatVector c2 = FloatVector.broadcast(SPECIES, 2f);
        FloatVector c3 = FloatVector.broadcast(SPECIES, 3f);
        FloatVector c4 = FloatVector.broadcast(SPECIES, 4f);
        FloatVector c5 = FloatVector.broadcast(SPECIES, 5f);
        FloatVector c6 = FloatVector.broadcast(SPECIES, 6f);
        FloatVector c7 = FloatVector.broadcast(SPECIES, 7f);
        FloatVector c8 = FloatVector.broadcast(SPECIES, 8f);
        FloatVector c9 = FloatVector.broadcast(SPECIES, 9f);
        FloatVector c10 = FloatVector.broadcast(SPECIES, 10f);
        FloatVector c11 = FloatVector.broadcast(SPECIES, 11f);
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
        FloatVector low = c0.add(c1).add(c2).add(c3).add(c4).add(c5);
        FloatVector high = c6.add(c7).add(c8).add(c9).add(c10).add(c11);
        low.add(high).intoArray(sink, at);
    }

    /**
     * Adds up a part of an array, four streams side by side.
     *
     * @param length a multiple of 256
     */
    static float read(float[] data, int from, int length) {
        int quarter = length / 4;
        int second = from + quarter;
        int third = second + quarter;
        int fourth = third + quarter;
        FloatVector sum0 = FloatVector.zero(SPECIES);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        for (int i = 0; i < quarter; i += SPECIES.length()) {
            sum0 = sum0.add(FloatVector.fromArray(SPECIES, data, from + i));
            sum1 = sum1.add(FloatVector.fromArray(SPECIES, data, second + i));
            sum2 = sum2.add(FloatVector.fromArray(SPECIES, data, third + i));
            sum3 = sum3.add(FloatVector.fromArray(SPECIES, data, fourth + i));
        }
        return sum0.add(sum1).add(sum2.add(sum3)).lane(0);
    }
}
