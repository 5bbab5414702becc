// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static dev.jacobian.tensor.Numbers.normal;
import static dev.jacobian.tensor.Numbers.wild;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.emulation.EmulatedMemory;
import dev.jacobian.tensor.cuda.emulation.KernelTestBase;
import dev.jacobian.tensor.reference.FixedSum;
import org.junit.jupiter.api.Test;

/** LayerNorm and its gradients have the bits of plain F32 loops in the fixed order, which are near the formulas in double. */
class LayerNormKernelTest extends KernelTestBase {
    private static final float EPSILON = 1e-5f;

    /** One row in F32: what a reference kernel does. */
    private static final class Row {
        final int d;
        final float mean;
        final float inverseStd;
        final float[] n;

        Row(float[] x) {
            d = x.length;
            mean = FixedSum.sum(x, 0, d) / d;
            float[] centred = new float[d];
            for (int i = 0; i < d; i++) {
                centred[i] = x[i] - mean;
            }
            inverseStd = 1f / (float) Math.sqrt(FixedSum.dot(centred, 0, centred, 0, d) / d + EPSILON);
            n = new float[d];
            for (int i = 0; i < d; i++) {
                n[i] = centred[i] * inverseStd;
            }
        }

        float[] forward(float[] weight, float[] bias) {
            float[] out = new float[d];
            for (int i = 0; i < d; i++) {
                out[i] = Math.fma(n[i], weight[i], bias[i]);
            }
            return out;
        }

        float[] backward(float[] dOut, float[] weight) {
            float[] g = new float[d];
            for (int i = 0; i < d; i++) {
                g[i] = dOut[i] * weight[i];
            }
            float meanOfG = FixedSum.sum(g, 0, d) / d;
            float c = FixedSum.dot(g, 0, n, 0, d) / d;
            float[] dX = new float[d];
            for (int i = 0; i < d; i++) {
                dX[i] = inverseStd * Math.fma(-c, n[i], g[i] - meanOfG);
            }
            return dX;
        }
    }

    @Test
    void kernelsHaveTheBitsOfPlainLoops() {
        for (DType type : TYPES) {
            for (int d = 1; d <= 35; d++) {
                check(type, normal(rng, 1 + d % 19, d), d % 2 == 0);
            }
            check(type, normal(rng, 18, 512), true);
            check(type, normal(rng, 3, 1000), false);
            check(type, wild(rng, 20, 40), true);
        }
    }

    private void check(DType type, Tensor values, boolean withBias) {
        int n = values.extent(0);
        int d = values.extent(1);
        Tensor x = rounded(values, type); // [N, D]
        Tensor weight = normal(rng, d);
        Tensor bias = withBias ? normal(rng, d) : Tensor.zeros(d);
        Tensor dOut = rounded(normal(rng, n, d), type); // [N, D]
        Tensor out = Tensor.zeros(n, d);
        Tensor means = Tensor.zeros(n);
        Tensor inverseStd = Tensor.zeros(n);
        Tensor dX = Tensor.zeros(n, d);
        Tensor dWeight = normal(rng, d).copy();
        EmulatedMemory deviceDWeight = device.copy(dWeight);
        int perChunk = blocks(n, 2);
        int chunks = blocks(n, perChunk);
        Tensor ofChunks = Tensor.zeros(chunks, d);
        for (int r = 0; r < n; r++) {
            Row row = new Row(x.slice(0, r, r + 1).toFloatArray());
            float[] g = dOut.slice(0, r, r + 1).toFloatArray();
            means.floats()[r] = row.mean;
            inverseStd.floats()[r] = row.inverseStd;
            System.arraycopy(row.forward(weight.toFloatArray(), bias.toFloatArray()), 0, out.floats(), r * d, d);
            System.arraycopy(row.backward(g, weight.toFloatArray()), 0, dX.floats(), r * d, d);
            for (int i = 0; i < d; i++) {
                int at = dWeight.offset() + i;
                dWeight.floats()[at] = Math.fma(g[i], row.n[i], dWeight.floats()[at]);
                at = r / perChunk * d + i;
                ofChunks.floats()[at] = Math.fma(g[i], row.n[i], ofChunks.floats()[at]);
            }
        }

        String what = "[" + n + ", " + d + "]";
        String suffix = suffix(type);
        EmulatedMemory deviceX = device.copy(x, type);
        EmulatedMemory deviceWeight = device.copy(weight);
        EmulatedMemory deviceDOut = device.copy(dOut, type);
        EmulatedMemory deviceOut = device.allocate(type, n * d);
        EmulatedMemory deviceMeans = device.allocate(DType.F32, n);
        EmulatedMemory deviceInverse = device.allocate(DType.F32, n);
        int grid = blocks(n, 16);
        device.launch(
                "layer_norm" + suffix,
                grid,
                1,
                256,
                deviceX,
                deviceWeight,
                withBias ? device.copy(bias) : null,
                EPSILON,
                n,
                d,
                deviceOut,
                deviceMeans,
                deviceInverse);
        assertSame(deviceMeans, means, DType.F32, "mean " + what);
        assertSame(deviceInverse, inverseStd, DType.F32, "1/σ " + what);
        assertSame(deviceOut, out, type, "norm " + what);
        device.launch(
                "layer_norm_backward" + suffix,
                grid,
                1,
                256,
                deviceDOut,
                deviceX,
                deviceWeight,
                deviceMeans,
                deviceInverse,
                n,
                d,
                deviceOut);
        assertSame(deviceOut, dX, type, "dX " + what);
        String kernel = "layer_norm_weight_gradient" + suffix;
        EmulatedMemory sums = device.allocate(DType.F32, chunks * d);
        for (boolean whole : new boolean[] {true, false}) {
            device.launch(
                    kernel,
                    blocks(d, 256),
                    whole ? 1 : chunks,
                    256,
                    deviceDOut,
                    deviceX,
                    deviceMeans,
                    deviceInverse,
                    n,
                    d,
                    whole ? n : perChunk,
                    whole ? deviceDWeight : sums,
                    whole ? 1 : 0);
        }
        assertSame(deviceDWeight, dWeight, DType.F32, "dWeight " + what);
        assertSame(sums, ofChunks, DType.F32, "dWeight of chunks " + what);
    }

    /**
     * Each of the numbers is a sum of d terms, 16 chains of d / 16 additions and four foldings, each of a rounding; and about
     * eight more roundings on the way. The gradient by finite differences in double is exact to 1e-7.
     */
    @Test
    void plainLoopsAreNearTheFormulas() {
        int d = 200;
        double roundings = (d / 16 + 4 + 8) * 0x1p-24;
        for (int trial = 0; trial < 20; trial++) {
            float[] x = normal(rng, d).toFloatArray();
            for (int i = 0; i < d; i++) {
                x[i] += 3;
            }
            float[] weight = normal(rng, d).toFloatArray();
            float[] bias = normal(rng, d).toFloatArray();
            float[] dOut = normal(rng, d).toFloatArray();
            Row row = new Row(x);
            float[] out = row.forward(weight, bias);
            float[] dX = row.backward(dOut, weight);
            double[] exact = new double[d];
            for (int i = 0; i < d; i++) {
                exact[i] = x[i];
            }
            double[] expected = formula(exact, weight, bias);
            for (int i = 0; i < d; i++) {
                double scale = Math.abs(weight[i]) * row.inverseStd * (Math.abs(x[i]) + 3) + Math.abs(bias[i]);
                assertThat((double) out[i]).isCloseTo(expected[i], offset(roundings * scale));
                double h = 1e-4;
                exact[i] = x[i] + h;
                double up = dot(dOut, formula(exact, weight, bias));
                exact[i] = x[i] - h;
                double down = dot(dOut, formula(exact, weight, bias));
                exact[i] = x[i];
                double gradient = (up - down) / (2 * h);
                double gradientScale = row.inverseStd * (Math.abs(dOut[i] * weight[i]) + 1 + Math.abs(row.n[i]));
                assertThat((double) dX[i]).isCloseTo(gradient, offset(roundings * gradientScale * 3 + 1e-7));
            }
        }
    }

    private static double[] formula(double[] x, float[] weight, float[] bias) {
        int d = x.length;
        double mean = 0;
        for (double each : x) {
            mean += each / d;
        }
        double variance = 0;
        for (double each : x) {
            variance += (each - mean) * (each - mean) / d;
        }
        double[] out = new double[d];
        for (int i = 0; i < d; i++) {
            out[i] = (x[i] - mean) / Math.sqrt(variance + EPSILON) * weight[i] + bias[i];
        }
        return out;
    }

    private static double dot(float[] x, double[] y) {
        double sum = 0;
        for (int i = 0; i < y.length; i++) {
            sum += x[i] * y[i];
        }
        return sum;
    }
}
