// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static dev.jacobian.tensor.Numbers.wild;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.emulation.EmulatedMemory;
import dev.jacobian.tensor.cuda.emulation.KernelTestBase;
import dev.jacobian.tensor.reference.Exp;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

/**
 * GELU, its approximation and the gates made of them: the kernels have the bits of plain F32 loops, and these are near the
 * formulas in double.
 */
class GeluKernelTest extends KernelTestBase {
    private static final int[] SIZES = {1, 33, 256, 1000};

    private record Activation(float value, float slope) {}

    private static Activation exact(float z) {
        float c = Math.max(-15f, Math.min(15f, z));
        float square = c * c;
        float bell = Exp.exp(-0.5f * square);
        bell = Math.fma(bell, -0.5f * Math.fma(c, c, -square), bell);
        float t = Math.abs(c);
        float s = (t - 4.5f) / (t + 4.5f);
        float[] coefficients = {
            4.107222775928676e-5f,
            2.5888083036988974e-3f,
            -8.500129915773869e-3f,
            1.4540999196469784e-2f,
            -1.012138556689024e-2f,
            -1.9943058490753174e-2f,
            8.421549946069717e-2f,
            -1.7242833971977234e-1f,
            5.088203549385071e-1f
        };
        float p = -3.029982908628881e-4f;
        for (float coefficient : coefficients) {
            p = Math.fma(p, s, coefficient);
        }
        float tail = bell * (p / (t + 1.5f));
        float phi = c < 0 ? tail : 1f - tail;
        return new Activation(z * phi, Math.fma(c * bell, 0.39894228f, phi));
    }

    private static Activation approximate(float z) {
        float twice = 1.5957691216057308f; // 2 √(2/π)
        float value = z / (1f + Exp.exp(-(twice * z * Math.fma(0.044715f * z, z, 1f))));
        float c = Math.max(-10f, Math.min(10f, z));
        float square = 0.044715f * c * c;
        float e = Exp.exp(-(twice * c * (square + 1f)));
        float sigmoid = 1f / (1f + e);
        float slope = sigmoid * Math.fma(c * (e * sigmoid), twice * Math.fma(3f, square, 1f), 1f);
        return new Activation(value, slope);
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
