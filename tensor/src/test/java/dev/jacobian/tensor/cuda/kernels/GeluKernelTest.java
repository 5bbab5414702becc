// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static dev.jacobian.tensor.Numbers.wild;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.GeluForm;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.emulation.EmulatedMemory;
import dev.jacobian.tensor.cuda.emulation.KernelTestBase;
import dev.jacobian.tensor.reference.Gelu;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

/**
 * GELU, its approximation and the gates made of them: the kernels have the bits of the plain loops, and these are near
 * the formulas in double.
 */
class GeluKernelTest extends KernelTestBase {
    private static final int[] SIZES = {1, 33, 256, 1000};

    private record Activation(float value, float slope) {}

    private static Activation exact(float z) {
        return new Activation(Gelu.value(GeluForm.EXACT, z), Gelu.slope(GeluForm.EXACT, z));
    }

    private static Activation approximate(float z) {
        return new Activation(Gelu.value(GeluForm.TANH, z), Gelu.slope(GeluForm.TANH, z));
    }

    @Test
    void kernelsHaveTheBitsOfPlainLoops() {
        for (DType type : TYPES) {
            for (int n : SIZES) {
                for (boolean tanh : new boolean[] {false, true}) {
                    check(type, n, tanh);
                }
            }
        }
    }

    private void check(DType type, int n, boolean tanh) {
        Tensor gate = rounded(wild(rng, n), type);
        for (int i = 0; i < n; i += 2) {
            gate.floats()[gate.offset() + i] *= 3; // into the tails, too
        }
        gate = rounded(gate, type);
        Tensor up = rounded(wild(rng, n), type);
        Tensor dOut = rounded(wild(rng, n), type);
        float[] g = gate.toFloatArray();
        float[] u = up.toFloatArray();
        float[] d = dOut.toFloatArray();
        float[][] expected = new float[5][n];
        for (int i = 0; i < n; i++) {
            Activation gelu = tanh ? approximate(g[i]) : exact(g[i]);
            expected[0][i] = gelu.value;
            expected[1][i] = d[i] * gelu.slope;
            expected[2][i] = gelu.value * u[i];
            expected[3][i] = d[i] * u[i] * gelu.slope;
            expected[4][i] = d[i] * gelu.value;
        }
        String name = tanh ? "gelu_tanh" : "gelu";
        String gated = tanh ? "geglu_tanh" : "geglu";
        String suffix = suffix(type);
        EmulatedMemory deviceGate = device.copy(gate, type);
        EmulatedMemory deviceUp = device.copy(up, type);
        EmulatedMemory deviceDOut = device.copy(dOut, type);
        EmulatedMemory out = device.allocate(type, n);
        device.launch(name + suffix, 2, 1, 256, deviceGate, (long) n, out);
        assertSame(out, Tensor.of(expected[0], n), type, name);
        device.launch(name + "_backward" + suffix, 2, 1, 256, deviceDOut, deviceGate, (long) n, out);
        assertSame(out, Tensor.of(expected[1], n), type, name + " backward");
        device.launch(gated + suffix, 2, 1, 256, deviceGate, deviceUp, (long) n, out);
        assertSame(out, Tensor.of(expected[2], n), type, gated);
        // In place: the gradients take the place of the inputs.
        device.launch(
                gated + "_backward" + suffix,
                2,
                1,
                256,
                deviceDOut,
                deviceGate,
                deviceUp,
                (long) n,
                deviceGate,
                deviceUp);
        assertSame(deviceGate, Tensor.of(expected[3], n), type, gated + " dGate");
        assertSame(deviceUp, Tensor.of(expected[4], n), type, gated + " dUp");
    }

    /**
     * Φ is within 5 ulp: 2 for the quotient that the polynomial takes, 1 each for exp, for the polynomial and its fit, and for
     * the last product. The sums of a slope cancel, so its error is absolute.
     */
    @Test
    void exactIsNearTheFormula() {
        for (float z = -12.5f; z < 13; z += 1e-3f) {
            double expected = z * cumulative(z);
            assertThat((double) exact(z).value).as("gelu(%s)", z).isBetween(below(expected, 6), above(expected, 6));
            double slope = cumulative(z) + z * Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
            assertThat(Math.abs(exact(z).slope - slope)).as("slope at %s", z).isLessThan(4 * 0x1p-24);
        }
        assertThat(exact(0).value).isZero();
        assertThat(exact(0).slope).isEqualTo(0.5f);
        assertThat(exact(1e30f)).isEqualTo(new Activation(1e30f, 1));
        assertThat(exact(-1e30f).slope).isZero();
    }

    /** exp multiplies the relative error of its argument u by u. */
    @Test
    void approximationIsNearTheFormula() {
        double k = 2 * Math.sqrt(2 / Math.PI);
        DoubleUnaryOperator u = z -> k * (z + 0.044715 * z * z * z);
        for (float z = -9; z < 13; z += 1e-3f) {
            double sigmoid = 1 / (1 + Math.exp(-u.applyAsDouble(z)));
            double ulps = 3 + 4 * Math.abs(Math.min(u.applyAsDouble(z), 0));
            double expected = z * sigmoid;
            assertThat((double) approximate(z).value)
                    .as("gelu(%s)", z)
                    .isBetween(below(expected, ulps), above(expected, ulps));
            double slope = sigmoid + z * sigmoid * (1 - sigmoid) * k * (1 + 3 * 0.044715 * z * z);
            assertThat(Math.abs(approximate(z).slope - slope))
                    .as("slope at %s", z)
                    .isLessThan(8 * 0x1p-24);
        }
        assertThat(approximate(1e30f)).isEqualTo(new Activation(1e30f, 1));
        assertThat(approximate(-1e30f).slope).isBetween(-1e-34f, 0f);
    }

    private static double below(double x, double ulps) {
        return x - ulps * Math.ulp((float) x);
    }

    private static double above(double x, double ulps) {
        return x + ulps * Math.ulp((float) x);
    }

    /** Φ: a series of positive terms near 0, a continued fraction in the tails. */
    private static double cumulative(double z) {
        double density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
        double t = Math.abs(z);
        double tail;
        if (t < 2.5) {
            double term = t;
            double sum = 0;
            for (int n = 1; sum + term != sum; n++) {
                sum += term;
                term *= t * t / (2 * n + 1);
            }
            tail = 0.5 - density * sum;
        } else {
            double fraction = t;
            for (int n = 200; n > 0; n--) {
                fraction = t + n / fraction;
            }
            tail = density / fraction;
        }
        return z < 0 ? tail : 1 - tail;
    }
}
