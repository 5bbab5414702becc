// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Divergences by closed form, by finite differences, and by what they are at the ends; TRL's numbers are in the tests of rl. */
class TokenDivergenceTest {
    private static final double[] BETAS = {0, 0.1, 0.5, 0.9, 1};

    private static Tensor random(int seed, int rows, int columns) {
        Rng rng = new Rng(seed, 1);
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) rng.nextGaussian();
        }
        return Tensor.of(values, rows, columns);
    }

    private static TokenDivergence.Side side(Var hidden, Var weight, LogitForm form, int... rows) {
        return new TokenDivergence.Side(hidden, weight, form, rows);
    }

    private static double[] softmax(float[] h, Tensor weight, LogitForm form, float temperature) {
        int vocabulary = weight.extent(0);
        double[] p = new double[vocabulary];
        double sum = 0;
        for (int v = 0; v < vocabulary; v++) {
            double z = 0;
            for (int k = 0; k < h.length; k++) {
                z += (double) h[k] * weight.floats()[v * h.length + k];
            }
            z *= form.scale();
            z = form.softCap() > 0 ? form.softCap() * Math.tanh(z / form.softCap()) : z;
            p[v] = Math.exp(z / temperature);
            sum += p[v];
        }
        for (int v = 0; v < vocabulary; v++) {
            p[v] /= sum;
        }
        return p;
    }

    private static double closedForm(double[] s, double[] t, double beta) {
        double sum = 0;
        for (int v = 0; v < s.length; v++) {
            double m = (1 - beta) * s[v] + beta * t[v];
            if (beta == 0) {
                sum += t[v] * Math.log(t[v] / s[v]);
            } else if (beta == 1) {
                sum += s[v] * Math.log(s[v] / t[v]);
            } else {
                sum += beta * t[v] * Math.log(t[v] / m) + (1 - beta) * s[v] * Math.log(s[v] / m);
            }
        }
        return sum;
    }

    @Test
    @DisplayName("the closed form in double, with scales, caps and temperatures, of hidden states of two widths")
    void closedForm() {
        for (LogitForm form : new LogitForm[] {LogitForm.PLAIN, new LogitForm(0.7f, 2f)}) {
            for (double beta : BETAS) {
                Tensor hs = random(1, 3, 4);
                Tensor ht = random(2, 5, 6);
                Tensor ws = random(3, 7, 4);
                Tensor wt = random(4, 7, 6);
                float[] got = TokenDivergence.divergence(
                                side(Var.parameter("h", hs), Var.parameter("w", ws), form, 2, 0, 2),
                                side(Var.constant(ht), Var.constant(wt), LogitForm.PLAIN, 1, 4, 0),
                                beta,
                                1.3f)
                        .divergences()
                        .value()
                        .toFloatArray();
                int[][] pairs = {{2, 1}, {0, 4}, {2, 0}};
                for (int i = 0; i < got.length; i++) {
                    double[] s =
                            softmax(hs.slice(0, pairs[i][0], pairs[i][0] + 1).toFloatArray(), ws, form, 1.3f);
                    double[] t = softmax(
                            ht.slice(0, pairs[i][1], pairs[i][1] + 1).toFloatArray(), wt, LogitForm.PLAIN, 1.3f);
                    assertThat((double) got[i]).as("beta " + beta).isCloseTo(closedForm(s, t, beta), within(2e-6));
                }
            }
        }
    }

    @Test
    @DisplayName("gradients of hidden states and head by finite differences of the closed form")
    void gradients() {
        LogitForm form = new LogitForm(0.7f, 2f);
        for (double beta : BETAS) {
            Tensor hs = random(1, 2, 4);
            Tensor ws = random(3, 7, 4);
            Tensor ht = random(2, 2, 3);
            Tensor wt = random(4, 7, 3);
            Parameter h = Var.parameter("h", hs.copy());
            Parameter w = Var.parameter("w", ws.copy());
            float[] d = {0.5f, -2f};
            TokenDivergence.divergence(
                            side(h, w, form, 0, 1),
                            side(Var.constant(ht), Var.constant(wt), LogitForm.PLAIN, 0, 1),
                            beta,
                            0.8f)
                    .divergences()
                    .backward(Tensor.of(d, 2));
            check(h, hs, () -> loss(hs, ws, ht, wt, form, beta, d));
            check(w, ws, () -> loss(hs, ws, ht, wt, form, beta, d));
        }
    }

    private static double loss(Tensor hs, Tensor ws, Tensor ht, Tensor wt, LogitForm form, double beta, float[] d) {
        double sum = 0;
        for (int i = 0; i < d.length; i++) {
            double[] s = softmax(hs.slice(0, i, i + 1).toFloatArray(), ws, form, 0.8f);
            double[] t = softmax(ht.slice(0, i, i + 1).toFloatArray(), wt, LogitForm.PLAIN, 0.8f);
            sum += d[i] * closedForm(s, t, beta);
        }
        return sum;
    }

    private static void check(Parameter parameter, Tensor values, DoubleSupplier loss) {
        float[] gradient = parameter.grad().orElseThrow().toFloatArray();
        float step = 1f / 1024;
        for (int i = 0; i < gradient.length; i++) {
            float own = values.floats()[i];
            values.floats()[i] = own + step;
            double up = loss.getAsDouble();
            double width = values.floats()[i];
            values.floats()[i] = own - step;
            double down = loss.getAsDouble();
            width -= values.floats()[i];
            values.floats()[i] = own;
            assertThat((double) gradient[i]).isCloseTo((up - down) / width, within(2e-5));
        }
    }

    @Test
    @DisplayName("a student that is its teacher is at distance 0 and is not pulled; nothing is ever below 0")
    void same() {
        Tensor h = random(5, 4, 8);
        Tensor w = random(6, 50, 8);
        for (double beta : BETAS) {
            Parameter own = Var.parameter("h", h.copy());
            TokenDivergence.Result result = TokenDivergence.divergence(
                    side(own, Var.constant(w), LogitForm.PLAIN, 0, 1, 2, 3),
                    side(Var.constant(h), Var.constant(w), LogitForm.PLAIN, 0, 1, 2, 3),
                    beta,
                    1f);
            for (float one : result.divergences().value().toFloatArray()) {
                assertThat(one).isCloseTo(0f, within(1e-6f));
            }
            result.divergences().backward(Tensor.of(new float[] {1, 1, 1, 1}, 4));
            for (float one : own.grad().orElseThrow().toFloatArray()) {
                assertThat(one).isCloseTo(0f, within(1e-6f));
            }
        }
    }

    @Test
    @DisplayName("a row has the same bits alone and among others, whatever the chunks and threads")
    void bits() {
        int vocabulary = TokenLogProbs.CHUNK_ELEMENTS / 4; // four rows a chunk
        Tensor h = random(7, 9, 2);
        Tensor w = random(8, vocabulary, 2);
        Tensor w2 = random(9, vocabulary, 2);
        int[] all = {0, 1, 2, 3, 4, 5, 6, 7, 8};
        float[] together = run(h, w, w2, all);
        for (int row : new int[] {0, 3, 4, 8}) {
            assertThat(run(h, w, w2, row)[0]).isEqualTo(together[row]);
        }
        int threads = ComputePool.threads();
        try {
            ComputePool.setThreads(threads == 1 ? 2 : 1);
            assertThat(run(h, w, w2, all)).containsExactly(together);
        } finally {
            ComputePool.setThreads(threads);
        }
    }

    private static float[] run(Tensor h, Tensor w, Tensor w2, int... rows) {
        return TokenDivergence.divergence(
                        side(Var.parameter("h", h), Var.constant(w), LogitForm.PLAIN, rows),
                        side(Var.constant(h), Var.constant(w2), LogitForm.PLAIN, rows),
                        0.5,
                        1f)
                .divergences()
                .value()
                .toFloatArray();
    }

    @Test
    @DisplayName("extreme logits are far but finite, and what cannot be compared is refused")
    void extremes() {
        Tensor h = Tensor.of(new float[] {1000, 0}, 2, 1);
        Tensor w = Tensor.of(new float[] {1, -1, 0}, 3, 1);
        Tensor w2 = Tensor.of(new float[] {-1, 1, 0}, 3, 1);
        for (double beta : BETAS) {
            Parameter own = Var.parameter("h", h.copy());
            TokenDivergence.Result result = TokenDivergence.divergence(
                    side(own, Var.constant(w), LogitForm.PLAIN, 0, 1),
                    side(Var.constant(h), Var.constant(w2), LogitForm.PLAIN, 0, 1),
                    beta,
                    1f);
            result.divergences().backward(Tensor.of(new float[] {1, 1}, 2));
            float[] all = result.divergences().value().toFloatArray();
            assertThat(all[0]).isFinite().isPositive();
            assertThat(Arrays.toString(own.grad().orElseThrow().toFloatArray())).doesNotContain("NaN");
        }
        assertThatThrownBy(() -> TokenDivergence.divergence(
                        side(Var.constant(h), Var.constant(w), LogitForm.PLAIN, 0),
                        side(Var.constant(h), Var.constant(Tensor.zeros(4, 1)), LogitForm.PLAIN, 0),
                        0.5,
                        1f))
                .hasMessageContaining("the student has 3 tokens and the teacher 4");
    }
}
