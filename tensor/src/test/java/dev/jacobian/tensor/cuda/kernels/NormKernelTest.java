// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static dev.jacobian.tensor.Numbers.normal;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Numbers;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.emulation.EmulatedMemory;
import dev.jacobian.tensor.cuda.emulation.KernelTestBase;
import org.junit.jupiter.api.Test;

/** RMSNorm and its gradients have the reference's bits. */
class NormKernelTest extends KernelTestBase {
    @Test
    void everyTail() {
        for (DType type : TYPES) {
            for (int d = 1; d <= 35; d++) {
                check(type, normal(rng, 1 + d % 19, d), 1 + d % 19, d);
            }
            check(type, normal(rng, 33, 896), 33, 896);
            check(type, Numbers.wild(rng, 20, 40), 20, 40);
        }
    }

    private void check(DType type, Tensor values, int n, int d) {
        Tensor x = rounded(values, type); // [N, D]
        Tensor weight = normal(rng, d);
        Tensor dOut = rounded(normal(rng, n, d), type); // [N, D]
        Tensor dWeight = normal(rng, d);
        EmulatedMemory deviceX = device.copy(x, type);
        EmulatedMemory deviceWeight = device.copy(weight);
        EmulatedMemory deviceDOut = device.copy(dOut, type);
        EmulatedMemory out = device.allocate(type, n * d);
        EmulatedMemory inverseRms = device.allocate(DType.F32, n);
        EmulatedMemory dX = device.allocate(type, n * d);
        EmulatedMemory deviceDWeight = device.copy(dWeight);

        Tensor expected = Tensor.zeros(n, d);
        Tensor expectedInverse = Tensor.zeros(n);
        Tensor expectedDX = Tensor.zeros(n, d);
        Tensor expectedDWeight = dWeight.copy();
        reference.norms().rmsNorm(x, weight, 1e-6f, expected, expectedInverse);
        reference.norms().rmsNormBackward(dOut, x, weight, expectedInverse, expectedDX, expectedDWeight);

        String what = "[" + n + ", " + d + "]";
        String suffix = suffix(type);
        int grid = blocks(n, 16);
        device.launch("rms_norm" + suffix, grid, 1, 256, deviceX, deviceWeight, 1e-6f, n, d, out, inverseRms);
        assertSame(inverseRms, expectedInverse, DType.F32, "1/rms " + what);
        assertSame(out, expected, type, "norm " + what);
        device.launch(
                "rms_norm_backward" + suffix, grid, 1, 256, deviceDOut, deviceX, deviceWeight, inverseRms, n, d, dX);
        assertSame(dX, expectedDX, type, "dX " + what);
        String kernel = "rms_norm_weight_gradient" + suffix;
        device.launch(kernel, blocks(d, 256), 1, 256, deviceDOut, deviceX, inverseRms, n, d, n, deviceDWeight, 1);
        assertSame(deviceDWeight, expectedDWeight, DType.F32, "dWeight " + what);
    }

    /** Chunks of rows are added each in order, then their sums in order: another association, so a tolerance. */
    @Test
    void weightGradientInChunks() {
        int n = 50;
        int d = 300;
        int perChunk = 16;
        int chunks = blocks(n, perChunk);
        Tensor x = normal(rng, n, d);
        Tensor dOut = normal(rng, n, d);
        Tensor inverseRms = normal(rng, n);
        EmulatedMemory partial = device.allocate(DType.F32, chunks * d);
        EmulatedMemory out = device.copy(Tensor.zeros(d));
        device.launch(
                "rms_norm_weight_gradient_f32",
                blocks(d, 256),
                chunks,
                256,
                device.copy(dOut),
                device.copy(x),
                device.copy(inverseRms),
                n,
                d,
                perChunk,
                partial,
                0);
        device.launch("sum_rows_f32", blocks(d, 256), 1, 256, partial, chunks, d, chunks, out, 1);
        Tensor expected = Tensor.zeros(d);
        float[] bounds = new float[d];
        for (int i = 0; i < d; i++) {
            double sum = 0;
            for (int row = 0; row < n; row++) {
                double term = (double) dOut.get(row, i) * x.get(row, i) * inverseRms.get(row);
                sum += term;
                bounds[i] += (float) (Math.abs(term) * (perChunk + chunks + 2) * 0x1p-24);
            }
            expected.floats()[i] = (float) sum;
            bounds[i] += Math.ulp((float) sum);
        }
        assertNear(out, expected, bounds, "dWeight in chunks");
    }
}
