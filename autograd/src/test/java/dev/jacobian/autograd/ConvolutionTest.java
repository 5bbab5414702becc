// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import static dev.jacobian.autograd.GradientCheck.assertGradient;
import static dev.jacobian.autograd.GradientCheck.assertValue;
import static dev.jacobian.autograd.GradientCheck.backward;
import static dev.jacobian.autograd.GradientCheck.by;
import static dev.jacobian.autograd.GradientCheck.check;
import static dev.jacobian.autograd.GradientCheck.matrix;
import static dev.jacobian.autograd.GradientCheck.normal;
import static dev.jacobian.autograd.GradientCheck.numbers;
import static dev.jacobian.testing.Bits.assertBits;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The causal convolution against plain double loops, and the continued form against the one of a whole batch. */
class ConvolutionTest {
    private static final Segments FOREST = Segments.of(new int[] {3, 2, 1, 2, 0, 5}, new int[] {-1, 0, 0, 2, 2, 4});

    @Test
    @DisplayName("by hand: each number plus ten times the one before")
    void byHand() {
        Parameter x = matrix(by(3, 1), 1, 2, 3);
        Parameter weight = matrix(new int[] {1, 1, 2}, 10, 1);
        Parameter bias = numbers(100);
        Var out = Convolution.causal(x, weight, Optional.of(bias), Segments.of(3));
        assertValue(out, 101, 112, 123);
        backward(out, 1, 1, 1);
        assertGradient(x, 11, 11, 1);
        assertGradient(weight, 3, 6);
        assertGradient(bias, 3);
    }

    @Test
    @DisplayName("by hand: two continuations begin with the last row of one prompt, which hears of both")
    void sharedPrompt() {
        Parameter x = matrix(by(3, 1), 1, 2, 3);
        Parameter weight = matrix(new int[] {1, 1, 2}, 10, 1);
        Segments segments = Segments.of(new int[] {1, 1, 1}, new int[] {-1, 0, 0});
        Var out = Convolution.causal(x, weight, Optional.empty(), segments);
        assertValue(out, 1, 12, 13);
        backward(out, 1, 1, 1);
        assertGradient(x, 21, 1, 1);
        assertGradient(weight, 2, 6);
    }

    @Test
    @DisplayName("values and gradients in a forest of segments, against finite differences")
    void gradients() {
        for (int taps : new int[] {1, 3, 4}) {
            Tensor x = normal(1, FOREST.rows(), 3);
            Tensor weight = normal(2, 3, 1, taps);
            check(
                    in -> Convolution.causal(in[0], in[1], Optional.of(in[2]), FOREST),
                    in -> oracle(in, taps),
                    x,
                    weight,
                    normal(3, 3));
            check(
                    in -> Convolution.causal(in[0], in[1], Optional.empty(), FOREST),
                    in -> oracle(new double[][] {in[0], in[1], new double[3]}, taps),
                    x,
                    weight);
        }
    }

    private static double[] oracle(double[][] in, int taps) {
        double[] out = new double[FOREST.rows() * 3];
        for (int s = 0; s < FOREST.count(); s++) {
            for (int t = 0; t < FOREST.length(s); t++) {
                for (int c = 0; c < 3; c++) {
                    double sum = in[2][c];
                    for (int back = 0; back < taps; back++) {
                        int position = FOREST.history(s) + t - back;
                        if (position >= 0) {
                            sum += in[1][c * taps + taps - 1 - back] * in[0][FOREST.row(s, position) * 3 + c];
                        }
                    }
                    out[(FOREST.start(s) + t) * 3 + c] = sum;
                }
            }
        }
        return out;
    }

    @Test
    @DisplayName("token by token and in pieces: the bits of the whole")
    void continued() {
        Tensor x = normal(4, 9, 5);
        Var weight = Var.constant(normal(5, 5, 1, 4));
        float[] expected = Convolution.causal(Var.constant(x), weight, Optional.empty(), Segments.of(9))
                .value()
                .toFloatArray();
        for (int[] ends : new int[][] {{1, 2, 3, 4, 5, 6, 7, 8, 9}, {2, 9}, {4, 5, 9}, {9}}) {
            Tensor state = Tensor.zeros(3, 5);
            int from = 0;
            for (int to : ends) {
                Var rows = Var.constant(x.slice(0, from, to));
                Segments segments = Segments.of(to - from);
                Var out = NoGrad.compute(
                        () -> Convolution.continued(rows, weight, Optional.empty(), segments, List.of(state)));
                assertBits(
                        from + ".." + to, out.value().toFloatArray(), Arrays.copyOfRange(expected, from * 5, to * 5));
                from = to;
            }
        }
    }

    @Test
    void badInput() {
        Var x = Var.constant(normal(6, 2, 3));
        Var weight = Var.constant(normal(7, 4, 1, 2));
        assertThatThrownBy(() -> Convolution.causal(x, weight, Optional.empty(), Segments.of(2)))
                .hasMessage("convolution: weight constant has shape [4, 1, 2], expected [3, 1, 2]");
    }
}
