// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import static dev.jacobian.autograd.GradientCheck.assertClose;
import static dev.jacobian.autograd.GradientCheck.check;
import static dev.jacobian.autograd.GradientCheck.doubles;
import static dev.jacobian.autograd.GradientCheck.normal;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LayerNormTest {
    private static final float EPSILON = 1e-5f;

    /**
     * x has mean 0 and variance 1, so n = x and y = 2x + 1. With dy = (2, 0, 0, 0), g = (4, 0, 0, 0): mean(g) = 1, mean(g·n)
     * = −1, dx = g − 1 + n.
     */
    @Test
    void byHand() {
        Parameter x = Var.parameter("x", Tensor.of(new float[] {-1, -1, 1, 1}, 1, 4));
        Parameter weight = Var.parameter("w", Tensor.of(new float[] {2, 2, 2, 2}, 4));
        Parameter bias = Var.parameter("b", Tensor.of(new float[] {1, 1, 1, 1}, 4));
        Var y = LayerNorm.layerNorm(x, weight, Optional.of(bias), 0f);
        assertThat(y.value().toFloatArray()).containsExactly(-1, -1, 3, 3);
        y.backward(Tensor.of(new float[] {2, 0, 0, 0}, 1, 4));
        assertThat(x.grad().orElseThrow().toFloatArray()).containsExactly(2, -2, 0, 0);
        assertThat(weight.grad().orElseThrow().toFloatArray()).containsExactly(-2, 0, 0, 0);
        assertThat(bias.grad().orElseThrow().toFloatArray()).containsExactly(2, 0, 0, 0);
    }

    @Test
    void finiteDifferences() {
        for (int d : new int[] {2, 5, 16, 37}) {
            Tensor x = normal(1, 3, d);
            Tensor weight = normal(2, d);
            Tensor bias = normal(3, d);
            check(
                    v -> LayerNorm.layerNorm(v[0], v[1], Optional.of(v[2]), EPSILON),
                    in -> formula(in[0], in[1], in[2]),
                    x,
                    weight,
                    bias);
            check(
                    v -> LayerNorm.layerNorm(v[0], v[1], Optional.empty(), EPSILON),
                    in -> formula(in[0], in[1], new double[in[1].length]),
                    x,
                    weight);
        }
    }

    @Test
    void onePlus() {
        check(
                v -> LayerNorm.layerNormOnePlus(v[0], v[1], Optional.of(v[2]), EPSILON),
                in -> formula(in[0], Arrays.stream(in[1]).map(w -> 1 + w).toArray(), in[2]),
                normal(1, 3, 37),
                normal(2, 37),
                normal(3, 37));
    }

    /** Rows of heads: the last dimension holds several. */
    @Test
    void severalRowsInTheLastDimension() {
        Tensor x = normal(4, 2, 3 * 8);
        Tensor weight = normal(5, 8);
        check(
                v -> LayerNorm.layerNorm(v[0], v[1], Optional.empty(), EPSILON),
                in -> formula(in[0], in[1], new double[8]),
                x,
                weight);
    }

    /** y does not change when a row is shifted or scaled, so dx has no share along 1 and along n. */
    @Test
    void gradientsLieAcrossShiftAndScale() {
        Parameter x = Var.parameter("x", normal(6, 1, 50));
        Var weight = Var.constant(normal(7, 50));
        LayerNorm.layerNorm(x, weight, Optional.empty(), 0f).backward(normal(8, 1, 50));
        double[] dX = doubles(x.grad().orElseThrow());
        double[] of = doubles(x.value());
        double alongOne = 0;
        double alongX = 0;
        for (int i = 0; i < dX.length; i++) {
            alongOne += dX[i];
            alongX += dX[i] * of[i];
        }
        assertThat(alongOne).isCloseTo(0, offset(1e-5));
        assertThat(alongX).isCloseTo(0, offset(1e-5));
    }

    /** Σ x² − (Σ x)²/D would leave nothing of a variance of 1 beside a mean of 10⁴. */
    @Test
    void aLargeMeanDoesNotDrownTheVariance() {
        Tensor x = Tensor.of(new float[] {9999, 10001, 9999, 10001}, 1, 4);
        Tensor one = Tensor.of(new float[] {1, 1, 1, 1}, 4);
        Var y = LayerNorm.layerNorm(Var.constant(x), Var.constant(one), Optional.empty(), 0f);
        assertClose("y", doubles(y.value()), new double[] {-1, 1, -1, 1});
    }

    @Test
    void widthsThatDoNotFit() {
        assertThatThrownBy(() -> LayerNorm.layerNorm(
                        Var.constant(Tensor.zeros(2, 5)),
                        Var.parameter("w", Tensor.zeros(3)),
                        Optional.empty(),
                        EPSILON))
                .hasMessageContaining("layerNorm: w has 3 elements, x has shape [2, 5]");
    }

    private static double[] formula(double[] x, double[] weight, double[] bias) {
        int d = weight.length;
        double[] y = new double[x.length];
        for (int row = 0; row < x.length; row += d) {
            double mean = 0;
            for (int i = 0; i < d; i++) {
                mean += x[row + i] / d;
            }
            double variance = 0;
            for (int i = 0; i < d; i++) {
                variance += (x[row + i] - mean) * (x[row + i] - mean) / d;
            }
            for (int i = 0; i < d; i++) {
                y[row + i] = (x[row + i] - mean) / Math.sqrt(variance + EPSILON) * weight[i] + bias[i];
            }
        }
        return y;
    }
}
