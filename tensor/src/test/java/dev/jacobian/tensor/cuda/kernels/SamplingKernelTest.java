// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static dev.jacobian.tensor.Numbers.normal;
import static dev.jacobian.tensor.Numbers.wild;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Numbers;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.SamplingFilters;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.emulation.EmulatedMemory;
import dev.jacobian.tensor.cuda.emulation.KernelTestBase;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Filtered sampling keeps and draws the tokens that the CPU keeps and draws, ties and roundings included. */
class SamplingKernelTest extends KernelTestBase {
    private static final long SEED = 0xFEDCBA987654321L;

    /** Each filter alone and together, at its ends and in the middle. */
    private static final List<SamplingFilters> FILTERS = List.of(
            new SamplingFilters(0.7f, 0, 1, 0),
            new SamplingFilters(1, 1, 1, 0),
            new SamplingFilters(1.3f, 20, 1, 0),
            new SamplingFilters(1, 1 << 30, 1, 0),
            new SamplingFilters(1, 0, 0.9f, 0),
            new SamplingFilters(0.8f, 0, 0.5f, 0),
            new SamplingFilters(1, 0, 1e-10f, 0),
            new SamplingFilters(1, 0, Math.nextDown(1f), 0),
            new SamplingFilters(1, 0, 1, 0.05f),
            new SamplingFilters(1, 0, 1, 1),
            new SamplingFilters(1, 0, 1, Float.MIN_VALUE),
            new SamplingFilters(0.6f, 50, 0.95f, 0.02f));

    @Test
    void everyFilter() {
        for (DType type : TYPES) {
            for (int v : new int[] {1, 2, 3, 255, 257, 1000}) {
                Tensor logits = normal(rng, 2, v);
                for (int i = 0; i < 2 * v; i++) {
                    logits.floats()[logits.offset() + i] *= 3;
                }
                for (SamplingFilters filters : FILTERS) {
                    check(type, rounded(logits, type), filters);
                }
            }
        }
    }

    @Test
    void equalLogits() {
        for (int v : new int[] {2, 10, 1000}) {
            float[] rows = new float[2 * v]; // one number only; five numbers
            for (int i = 0; i < v; i++) {
                rows[i] = 0.7f;
                rows[v + i] = new float[] {1, 0, -0f, -1, -2.5f}[rng.nextInt(5)];
            }
            for (SamplingFilters filters : FILTERS) {
                check(DType.F32, Tensor.of(rows, 2, v), filters);
            }
            for (float topP : new float[] {0.1f, 0.25f, 0.5f, 0.75f, 0.9f}) {
                check(DType.F32, Tensor.of(rows, 2, v), new SamplingFilters(1, v / 2, topP, 0));
                check(DType.F32, Tensor.of(rows, 2, v), new SamplingFilters(1, 0, topP, 0));
            }
        }
    }

    @Test
    void rowsThatAreNotFinite() {
        Tensor wild = wild(rng, 12, 30);
        float[] hopeless = new float[3 * 30];
        Arrays.fill(hopeless, Float.NEGATIVE_INFINITY);
        hopeless[30 + 7] = Float.NaN;
        hopeless[60 + 9] = Float.POSITIVE_INFINITY;
        float[] one = new float[30];
        Arrays.fill(one, Float.NEGATIVE_INFINITY);
        one[3] = -5;
        for (SamplingFilters filters : FILTERS) {
            check(DType.F32, wild, filters);
            check(DType.BF16, rounded(wild, DType.BF16), filters);
            check(DType.F32, Tensor.of(hopeless, 3, 30), filters);
            check(DType.F32, Tensor.of(one, 1, 30), filters);
        }
    }

    /** The cumulative probability meets 1 − p to within roundings: only the CPU's own order of addition decides alike. */
    @Test
    void topPAtTheBoundary() {
        int v = 400;
        for (int trial = 0; trial < 8; trial++) {
            float topP = 0.3f + 0.08f * trial;
            Tensor logits; // [1, V]
            do {
                logits = nearTheBoundary(v, 1 - topP);
            } while (distanceFrom(logits.toFloatArray(), 1 - topP) > 1e-14);
            check(DType.F32, logits, new SamplingFilters(1, 0, topP, 0));
            check(DType.F32, logits, new SamplingFilters(1, v - 1, topP, 0));
        }
    }

    /** Normal logits, and two that are chosen so that some of the smallest probabilities add up to the share: often they do. */
    private Tensor nearTheBoundary(int v, double share) {
        float[] row = normal(rng, v).toFloatArray();
        float max = 4; // above the others, and not changed
        row[v - 1] = max;
        row[11] = row[200] = Float.NEGATIVE_INFINITY;
        for (int free : new int[] {200, 11}) {
            float[] sorted = row.clone();
            Arrays.sort(sorted);
            double total = 0;
            for (float x : row) {
                total += Math.exp(x - max);
            }
            double below = 0;
            double missing = 0;
            for (float x : sorted) {
                below += Math.exp(x - max);
                double m = (share * total - below) / (1 - share);
                if (m <= 0) {
                    break;
                }
                missing = m;
            }
            float logit = (float) (Math.log(missing) + max);
            row[free] = Math.nextDown(Math.nextDown(logit)); // rather too little: the second one fills it up
        }
        return Tensor.of(row, 1, v);
    }

    private static double distanceFrom(float[] row, double share) {
        double[] p = SamplingFilters.probabilities(row);
        Arrays.sort(p);
        double cumulative = 0;
        double nearest = 1;
        for (double each : p) {
            cumulative += each;
            nearest = Math.min(nearest, Math.abs(cumulative - share));
        }
        return nearest;
    }

    @Test
    void minPAtTheBoundary() {
        float[] row = new float[300];
        Arrays.fill(row, -1e-13f);
        row[0] = -1e-17f;
        row[5] = 0;
        row[9] = -1e-16f;
        row[77] = -1e-9f;
        check(DType.F32, Tensor.of(row, 1, 300), new SamplingFilters(1, 0, 1, 1));
        check(DType.F32, Tensor.of(row, 1, 300), new SamplingFilters(1, 0, 0.5f, 1));
    }

    /**
     * A distribution of sixteenths with next to nothing between, which the CPU's sum loses to rounding and a sum by stretches
     * does not; and numbers that are sixteenths.
     */
    @Test
    void drawAtTheBoundary() {
        int v = 4096;
        int[] found = {3200750, 4739170, 13858273, 28169597}; // by search
        int rows = found.length;
        float[] logits = new float[rows * v];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = i % v % 250 == 0 && i % v < 16 * 250 ? 0 : -38;
        }
        int[] coordinates = new int[4 * rows];
        for (int r = 0; r < rows; r++) {
            coordinates[4 * r] = found[r];
            assertThat(Rng.uniform(SEED, found[r], 0, 0, 0) * 16 % 1).isZero();
        }
        Tensor rowsOfLogits = Tensor.of(logits, rows, v);
        check(DType.F32, rowsOfLogits, new SamplingFilters(1, 0, 1, 0), coordinates);
        EmulatedMemory tokens = device.copy(new int[rows]);
        device.launch(
                "sample_f32", rows, 1, 256, device.copy(rowsOfLogits), v, 1f, SEED, device.copy(coordinates), tokens);
        assertThat(tokens.readInts()).containsExactly(reference.sampling().sample(rowsOfLogits, 1, SEED, coordinates));
    }

    @Test
    void exponentialOfTies() {
        int n = 20000;
        long[] x = new long[n];
        for (int i = 0; i < n; i++) {
            double magnitude =
                    i % 2 == 0 ? 30 * rng.nextDouble() : Math.scalb(1 + rng.nextDouble(), rng.nextInt(45) - 35);
            x[i] = Double.doubleToRawLongBits(-magnitude);
        }
        double[] edges = {
            0,
            -0d,
            Double.NaN,
            Double.NEGATIVE_INFINITY,
            -0x1p-28,
            -0x1.62e43p-2,
            -0x1.62e42fffffffp-2,
            -0x1.0a2b2p0,
            -0x1.0a2b1ffffffffp0,
            -708.4,
            -744.9,
            -745.13,
            -746,
            -Double.MIN_VALUE,
            -Double.MAX_VALUE
        };
        for (int i = 0; i < edges.length; i++) {
            x[i] = Double.doubleToRawLongBits(edges[i]);
        }
        EmulatedMemory out = device.allocate(DType.I64, n);
        device.launch("strict_exp_f64", 3, 1, 256, device.copy(x), (long) n, out);
        double[] actual = out.readDoubles();
        for (int i = 0; i < n; i++) {
            double argument = Double.longBitsToDouble(x[i]);
            assertThat(actual[i]).as("exp(%s)", argument).isEqualTo(Double.valueOf(StrictMath.exp(argument)));
        }
    }

    private void check(DType type, Tensor logits, SamplingFilters filters) {
        int[] coordinates = new int[4 * logits.extent(0)];
        Arrays.setAll(coordinates, i -> (int) rng.nextLong());
        check(type, logits, filters, coordinates);
    }

    private void check(DType type, Tensor logits, SamplingFilters filters, int[] coordinates) {
        int rows = logits.extent(0);
        int v = logits.extent(1);
        EmulatedMemory filtered = device.allocate(DType.F32, rows * v);
        EmulatedMemory tokens = device.copy(new int[rows]);
        device.launch(
                "sample_filtered" + suffix(type),
                rows,
                1,
                256,
                device.copy(logits, type),
                v,
                filters.temperature(),
                filters.topK(),
                filters.topP(),
                filters.minP(),
                SEED,
                device.copy(coordinates),
                filtered,
                tokens);
        float[] actual = filtered.read(rows, v).toFloatArray();
        for (int r = 0; r < rows; r++) {
            float[] row = Arrays.copyOfRange(logits.toFloatArray(), r * v, (r + 1) * v);
            float[] expected = filters.apply(row);
            String what = filters + ", row " + r + " of " + rows + " with " + v + " logits, " + type;
            if (Float.isFinite(largest(row, filters.temperature()))) {
                Numbers.assertSameBits(
                        Tensor.of(Arrays.copyOfRange(actual, r * v, (r + 1) * v), v), Tensor.of(expected, v), what);
            }
            Tensor kept = Tensor.of(expected, 1, v); // [1, V]
            int[] ofRow = Arrays.copyOfRange(coordinates, 4 * r, 4 * r + 4);
            assertThat(tokens.readInts()[r])
                    .as(what)
                    .isEqualTo(reference.sampling().sample(kept, 1, SEED, ofRow)[0]);
        }
    }

    private static float largest(float[] row, float temperature) {
        float largest = Float.NEGATIVE_INFINITY;
        for (float x : row) {
            largest = Math.max(largest, x / temperature);
        }
        return largest;
    }

    @Test
    void repetitionPenalty() {
        int v = 50;
        int[][] prompts = {{3, 3, 7, 49}, {0}, {10, 11, 12, 10, 11, 12}};
        int[] starts = {0, 4, 5, 11};
        int[] counts = {2, 0, 3};
        int[][] generated = {{7, 8, 9, 9}, {1, 2, 3, 4}, {0, 10, 0, 5}}; // only as many as counted
        for (DType type : TYPES) {
            Tensor logits = rounded(wild(rng, 3, v), type); // [R, V]
            float[] expected = logits.toFloatArray();
            for (int r = 0; r < 3; r++) {
                boolean[] done = new boolean[v];
                for (int i = 0; i < prompts[r].length + counts[r]; i++) {
                    int token = i < prompts[r].length ? prompts[r][i] : generated[r][i - prompts[r].length];
                    float logit = expected[r * v + token];
                    if (!done[token]) {
                        expected[r * v + token] = logit < 0 ? logit * 1.2f : logit / 1.2f;
                    }
                    done[token] = true;
                }
            }
            EmulatedMemory out = device.allocate(DType.F32, 3 * v);
            device.launch(
                    "penalize" + suffix(type),
                    3,
                    1,
                    256,
                    device.copy(logits, type),
                    v,
                    1.2f,
                    device.copy(
                            Arrays.stream(prompts).flatMapToInt(Arrays::stream).toArray()),
                    device.copy(starts),
                    device.copy(Arrays.stream(generated)
                            .flatMapToInt(Arrays::stream)
                            .toArray()),
                    device.copy(counts),
                    4,
                    out);
            assertSame(out, Tensor.of(expected, 3, v), DType.F32, "penalized");
        }
    }
}
