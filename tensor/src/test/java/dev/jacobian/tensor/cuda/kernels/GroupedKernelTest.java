// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static dev.jacobian.tensor.Numbers.normal;
import static dev.jacobian.tensor.Numbers.wild;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.emulation.EmulatedMemory;
import dev.jacobian.tensor.cuda.emulation.KernelTestBase;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Products of sorted rows with their experts' weights: in F32 the reference's bits, in BF16 near them. */
class GroupedKernelTest extends KernelTestBase {
    /** Experts without rows, with a few, and with more than a tile of 64. */
    @Test
    void everyShape() {
        check(DType.F32, new int[] {1}, 1, 1, 1f);
        check(DType.F32, new int[] {3, 0, 5}, 7, 5, 0.5f);
        check(DType.F32, new int[] {65, 1, 0, 64}, 67, 33, 1f);
        check(DType.F32, new int[] {10, 70}, 16, 100, -2f);
        check(DType.BF16, new int[] {1}, 8, 8, 1f);
        check(DType.BF16, new int[] {3, 0, 5}, 24, 40, 0.5f);
        check(DType.BF16, new int[] {65, 1, 0, 64}, 72, 136, 1f);
        check(DType.BF16, new int[] {10, 70}, 128, 16, 1f);
    }

    /** NaN and infinities stay in their rows and columns. */
    @Test
    void wildNumbers() {
        Tensor x = wild(rng, 9, 40);
        Tensor w = wild(rng, 20, 40);
        check(DType.F32, new int[] {9}, x, w.reshape(1, 20, 40), normal(rng, 9, 20), Tensor.zeros(1, 20, 40));
    }

    /** A row has the same bits wherever it stands in its expert's rows, and whoever stands beside it. */
    @Test
    void rowsDoNotDependOnTheirPlace() {
        int rows = 70;
        int m = 24;
        int k = 72;
        Tensor x = normal(rng, rows, k).copy(); // [rows, K]
        Tensor w = normal(rng, 1, m, k);
        float[] forward = product(x, w, m);
        float[] last = product(x.slice(0, rows - 1, rows).copy(), w, m);
        float[] reversed = new float[rows * k];
        for (int r = 0; r < rows; r++) {
            System.arraycopy(x.floats(), r * k, reversed, (rows - 1 - r) * k, k);
        }
        float[] backward = product(Tensor.of(reversed, rows, k), w, m);
        assertThat(last).isEqualTo(Arrays.copyOfRange(forward, (rows - 1) * m, rows * m));
        for (int r = 0; r < rows; r++) {
            assertThat(Arrays.copyOfRange(backward, (rows - 1 - r) * m, (rows - r) * m))
                    .isEqualTo(Arrays.copyOfRange(forward, r * m, (r + 1) * m));
        }
    }

    private float[] product(Tensor x, Tensor w, int m) {
        int rows = x.extent(0);
        int k = x.extent(1);
        ExpertRows sorted = ExpertRows.of(device, new int[rows], 1, 1);
        EmulatedMemory out = device.allocate(DType.BF16, rows * m);
        device.launch(
                "grouped_matmul_bf16",
                sorted.maxTiles(),
                blocks(m, 64),
                256,
                device.copy(x, DType.BF16),
                device.copy(w, DType.BF16),
                sorted.tiles(),
                sorted.offsets(),
                m,
                k,
                out);
        return out.read(rows, m).toFloatArray();
    }

    private void check(DType type, int[] counts, int m, int k, float before) {
        int experts = counts.length;
        int rows = Arrays.stream(counts).sum();
        Tensor start = normal(rng, experts, m, k).copy();
        for (int i = 0; i < start.elements(); i++) {
            start.floats()[start.offset() + i] *= before;
        }
        check(
                type,
                counts,
                rounded(normal(rng, rows, k), type),
                rounded(normal(rng, experts, m, k), type),
                rounded(normal(rng, rows, m), type),
                start);
    }

    private void check(DType type, int[] counts, Tensor x, Tensor weights, Tensor dOut, Tensor start) {
        int experts = counts.length;
        int rows = x.extent(0);
        int m = dOut.extent(1);
        int k = x.extent(1);
        Tensor out = Tensor.zeros(rows, m);
        Tensor dX = Tensor.zeros(rows, k);
        Tensor dWeights = start.copy();
        Tensor fresh = Tensor.zeros(experts, m, k);
        float[] outScale = new float[rows * m]; // Σ |a · b|: what roundings are relative to
        float[] dXScale = new float[rows * k];
        float[] dWeightsScale = new float[experts * m * k];
        int first = 0;
        for (int e = 0; e < experts; e++) {
            int last = first + counts[e];
            if (counts[e] > 0) {
                Tensor ofX = x.slice(0, first, last);
                Tensor ofDOut = dOut.slice(0, first, last);
                Tensor w = weights.slice(0, e, e + 1).reshape(m, k);
                reference.matrices().matmul(ofX, w.t(), out.slice(0, first, last), false);
                reference.matrices().matmul(ofDOut, w, dX.slice(0, first, last), false);
                reference
                        .matrices()
                        .matmul(ofDOut.t(), ofX, dWeights.slice(0, e, e + 1).reshape(m, k), true);
                reference
                        .matrices()
                        .matmul(ofDOut.t(), ofX, fresh.slice(0, e, e + 1).reshape(m, k), false);
                addProductOfMagnitudes(ofX, w.t(), outScale, first * m);
                addProductOfMagnitudes(ofDOut, w, dXScale, first * k);
                addProductOfMagnitudes(ofDOut.t(), ofX, dWeightsScale, e * m * k);
            }
            first = last;
        }

        int[] chosen = IntStream.range(0, experts)
                .flatMap(e -> IntStream.generate(() -> e).limit(counts[e]))
                .toArray();
        ExpertRows sorted = ExpertRows.of(device, chosen, experts, 1);
        String suffix = suffix(type);
        EmulatedMemory deviceX = device.copy(x, type);
        EmulatedMemory deviceWeights = device.copy(weights, type);
        EmulatedMemory deviceDOut = device.copy(dOut, type);
        EmulatedMemory deviceOut = device.allocate(type, rows * m);
        EmulatedMemory deviceDX = device.allocate(type, rows * k);
        EmulatedMemory deviceDWeights = device.copy(start);
        EmulatedMemory deviceFresh = device.allocate(DType.F32, experts * m * k);
        device.launch(
                "grouped_matmul" + suffix,
                sorted.maxTiles(),
                blocks(m, 64),
                256,
                deviceX,
                deviceWeights,
                sorted.tiles(),
                sorted.offsets(),
                m,
                k,
                deviceOut);
        device.launch(
                "grouped_matmul_input_gradient" + suffix,
                sorted.maxTiles(),
                blocks(k, 64),
                256,
                deviceDOut,
                deviceWeights,
                sorted.tiles(),
                sorted.offsets(),
                m,
                k,
                deviceDX);
        int grid = blocks(m, 64) * blocks(k, 64);
        String kernel = "grouped_matmul_weight_gradient" + suffix;
        device.launch(kernel, grid, experts, 256, deviceDOut, deviceX, sorted.offsets(), m, k, deviceDWeights, 1);
        device.launch(kernel, grid, experts, 256, deviceDOut, deviceX, sorted.offsets(), m, k, deviceFresh, 0);

        String what = Arrays.toString(counts) + ", m " + m + ", k " + k + ", " + type;
        if (type == DType.F32) {
            assertSame(deviceOut, out, type, "out " + what);
            assertSame(deviceDX, dX, type, "dX " + what);
            assertSame(deviceDWeights, dWeights, type, "dWeights " + what);
            assertSame(deviceFresh, fresh, type, "fresh dWeights " + what);
            return;
        }
        assertNear(deviceOut, out, bounds(outScale, k, out, true), "out " + what);
        assertNear(deviceDX, dX, bounds(dXScale, m, dX, true), "dX " + what);
        assertNear(deviceDWeights, dWeights, bounds(dWeightsScale, rows, dWeights, false), "dWeights " + what);
        assertNear(deviceFresh, fresh, bounds(dWeightsScale, rows, fresh, false), "fresh dWeights " + what);
    }

    /** Another order of addition: a rounding of the running sum for each term, here and there; then one to BF16. */
    private static float[] bounds(float[] scale, int depth, Tensor result, boolean toBf16) {
        float[] values = result.toFloatArray();
        float[] bounds = new float[scale.length];
        for (int i = 0; i < bounds.length; i++) {
            bounds[i] = 2 * (depth + 1) * 0x1p-24f * (scale[i] + Math.abs(values[i]))
                    + (toBf16 ? 0x1p-8f * Math.abs(values[i]) : 0);
        }
        return bounds;
    }

    private static void addProductOfMagnitudes(Tensor a, Tensor b, float[] out, int from) {
        for (int i = 0; i < a.extent(0); i++) {
            for (int j = 0; j < b.extent(1); j++) {
                for (int p = 0; p < a.extent(1); p++) {
                    out[from + i * b.extent(1) + j] += Math.abs(a.get(i, p) * b.get(p, j));
                }
            }
        }
    }
}
