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

import dev.jacobian.autograd.DeltaRule.Inputs;
import dev.jacobian.tensor.DeltaForm;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The delta rule against plain double loops, and the continued form against the one of a whole batch. */
class DeltaRuleTest {
    private static final DeltaForm FORM = new DeltaForm(2, 4, 3, 5);

    /** A prompt of three with two continuations, one of them continued by two; and a sequence of its own. */
    private static final Segments FOREST = Segments.of(new int[] {3, 2, 1, 2, 1, 2}, new int[] {-1, 0, 0, 2, 2, -1});

    @Test
    @DisplayName("by hand: a state of one number fades to a half, and is corrected half of the way")
    void byHand() {
        Parameter q = matrix(by(2, 1), 1, 3);
        Parameter k = matrix(by(2, 1), 1, 2);
        Parameter v = matrix(by(2, 1), 8, 6);
        Parameter decay = matrix(by(2, 1), 0.5f, 0.5f);
        Parameter beta = matrix(by(2, 1), 0.5f, 0.5f);
        Var out = DeltaRule.deltaRule(new Inputs(q, k, v, decay, beta), new DeltaForm(1, 1, 1, 1), Segments.of(2));
        // S = 0 + 1·½·(8 − 0) = 4, out 4·1. Then S = 2; u = ½·(6 − 2·2) = 1; S = 2 + 2·1 = 4, out 4·3.
        assertValue(out, 4, 12);
        backward(out, 1, 1);
        // Second token: dq = S = 4, G = 3; du = 3·2 = 6, dbeta = 6·(6 − 4) = 12, dv = 3; G − 2·3 = −3;
        // dk = 3·1 − 2·3 = −3, ddecay = −3·4 = −12, G = −3/2.
        // First: dq = 4, G = −½; du = −½, dbeta = −½·8 = −4, dv = −¼; dk = −½·4 − 0 = −2, ddecay = 0.
        assertGradient(q, 4, 4);
        assertGradient(k, -2, -3);
        assertGradient(v, -0.25, 3);
        assertGradient(decay, 0, -12);
        assertGradient(beta, -4, 12);
    }

    private static Tensor[] inputs(Segments segments) {
        int n = segments.rows();
        Tensor decay = Tensor.zeros(n, FORM.heads());
        Tensor beta = Tensor.zeros(n, FORM.heads());
        Tensor k = normal(2, n, FORM.keyHeads() * FORM.keyDim());
        for (int i = 0; i < decay.elements(); i++) {
            decay.floats()[i] = 0.5f + i % 5 * 0.1f;
            beta.floats()[i] = 0.2f + i % 7 * 0.1f;
        }
        for (int i = 0; i < k.elements(); i++) {
            k.floats()[i] *= 0.5f;
        }
        return new Tensor[] {
            normal(1, n, FORM.keyHeads() * FORM.keyDim()), k, normal(3, n, FORM.heads() * FORM.valueDim()), decay, beta
        };
    }

    private static Var apply(Var[] in, Segments segments) {
        return DeltaRule.deltaRule(new Inputs(in[0], in[1], in[2], in[3], in[4]), FORM, segments);
    }

    /** The rule once more, a sequence at a time along its path, state by state. */
    private static double[] oracle(double[][] in, Segments segments) {
        int dk = FORM.keyDim();
        int dv = FORM.valueDim();
        double[] out = new double[segments.rows() * FORM.heads() * dv];
        for (int s = 0; s < segments.count(); s++) {
            for (int h = 0; h < FORM.heads(); h++) {
                double[][] state = new double[dk][dv];
                int keyHead = h / (FORM.heads() / FORM.keyHeads());
                for (int t = 0; t < segments.history(s) + segments.length(s); t++) {
                    int row = segments.row(s, t);
                    int keyAt = (row * FORM.keyHeads() + keyHead) * dk;
                    int gateAt = row * FORM.heads() + h;
                    for (int j = 0; j < dv; j++) {
                        double there = 0;
                        for (int i = 0; i < dk; i++) {
                            state[i][j] *= in[3][gateAt];
                            there += state[i][j] * in[1][keyAt + i];
                        }
                        double u = in[4][gateAt] * (in[2][gateAt * dv + j] - there);
                        double sum = 0;
                        for (int i = 0; i < dk; i++) {
                            state[i][j] += in[1][keyAt + i] * u;
                            sum += state[i][j] * in[0][keyAt + i];
                        }
                        out[gateAt * dv + j] = sum;
                    }
                }
            }
        }
        return out;
    }

    @Test
    @DisplayName("values and gradients in a forest of segments, against finite differences")
    void gradients() {
        check(in -> apply(in, FOREST), in -> oracle(in, FOREST), inputs(FOREST));
    }

    @Test
    @DisplayName("over more tokens than states are kept of")
    void longSequences() {
        Segments segments = Segments.of(new int[] {35, 1, 33}, new int[] {-1, 0, 0});
        check(in -> apply(in, segments), in -> oracle(in, segments), inputs(segments));
    }

    @Test
    @DisplayName("token by token, in pieces and forked: the bits of the whole")
    void continued() {
        Segments whole = Segments.of(9);
        Tensor[] in = inputs(whole);
        float[] expected = apply(constants(in, 0, 9), whole).value().toFloatArray();
        int width = FORM.heads() * FORM.valueDim();
        for (int[] ends : new int[][] {{1, 2, 3, 4, 5, 6, 7, 8, 9}, {4, 9}, {8, 9}, {9}}) {
            Tensor state = Tensor.zeros(FORM.heads(), FORM.keyDim(), FORM.valueDim());
            int from = 0;
            for (int to : ends) {
                Var[] piece = constants(in, from, to);
                Inputs inputs = new Inputs(piece[0], piece[1], piece[2], piece[3], piece[4]);
                Segments rows = Segments.of(to - from);
                Var out = NoGrad.compute(() -> DeltaRule.continued(inputs, FORM, rows, List.of(state)));
                assertBits(
                        from + ".." + to,
                        out.value().toFloatArray(),
                        Arrays.copyOfRange(expected, from * width, to * width));
                from = to;
            }
        }
    }

    private static Var[] constants(Tensor[] in, int from, int to) {
        List<Var> rows = new ArrayList<>();
        for (Tensor tensor : in) {
            rows.add(Var.constant(tensor.slice(0, from, to)));
        }
        return rows.toArray(Var[]::new);
    }

    @Test
    @DisplayName("decay by hand, and against finite differences")
    void decay() {
        Parameter x = matrix(by(1, 1), 0);
        Parameter rate = numbers(0);
        Parameter bias = numbers(0);
        Var out = DeltaRule.decay(x, rate, bias); // exp(−1 · ln 2)
        assertValue(out, 0.5);
        backward(out, 1);
        // dx = −½ · σ(0) = −¼, dlogRate = −½ · ln 2
        assertGradient(x, -0.25);
        assertGradient(bias, -0.25);
        assertGradient(rate, -0.5 * Math.log(2));
        check(
                in -> DeltaRule.decay(in[0], in[1], in[2]),
                in -> {
                    double[] y = new double[in[0].length];
                    Arrays.setAll(
                            y, i -> Math.exp(-Math.exp(in[1][i % 3]) * Math.log1p(Math.exp(in[0][i] + in[2][i % 3]))));
                    return y;
                },
                normal(4, 5, 3),
                normal(5, 3),
                normal(6, 3));
    }

    @Test
    @DisplayName("sigmoid and SiLU against finite differences")
    void activations() {
        check(
                in -> Sigmoid.sigmoid(in[0]),
                in -> Arrays.stream(in[0]).map(z -> 1 / (1 + Math.exp(-z))).toArray(),
                normal(7, 4, 5));
        check(
                in -> Silu.silu(in[0]),
                in -> Arrays.stream(in[0]).map(z -> z / (1 + Math.exp(-z))).toArray(),
                normal(8, 4, 5));
    }

    @Test
    void badInput() {
        Var[] in = constants(inputs(Segments.of(2)), 0, 2);
        Inputs inputs = new Inputs(in[0], in[1], in[2], in[3], in[4]);
        assertThatThrownBy(() -> DeltaRule.deltaRule(inputs, FORM, Segments.of(3)))
                .hasMessage("delta rule: q has shape [2, 6], expected [3, 6]");
        assertThatThrownBy(() -> DeltaRule.deltaRule(inputs, new DeltaForm(2, 3, 3, 5), Segments.of(2)))
                .hasMessageContaining("3 heads cannot share 2 key heads");
        assertThatThrownBy(() -> DeltaRule.continued(inputs, FORM, Segments.of(2), List.of()))
                .hasMessageContaining("has no gradient; run generation inside NoGrad");
        assertThatThrownBy(() -> NoGrad.run(() -> DeltaRule.continued(inputs, FORM, Segments.of(2), List.of())))
                .hasMessage("delta rule: 0 states for 1 segments");
    }
}
