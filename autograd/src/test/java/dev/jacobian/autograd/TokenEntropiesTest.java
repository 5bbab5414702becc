// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Entropies as something to be trained: the closed form in double, gradients by finite differences of it, bits. */
class TokenEntropiesTest {
    private static final LogitForm[] FORMS = {LogitForm.PLAIN, new LogitForm(0.7f, 2f)};
    private static final float[] TEMPERATURES = {1f, 0.6f, 1.9f};

    private static Tensor random(int seed, int rows, int columns) {
        Rng rng = new Rng(seed, 1);
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) rng.nextGaussian();
        }
        return Tensor.of(values, rows, columns);
    }

    private static Var entropies(Var hidden, Var weight, LogitForm form, int[] rows, float temperature) {
        TokenLogProbs.Result scored =
                TokenLogProbs.tokenLogProbs(hidden, weight, form, rows, new int[rows.length], temperature);
        return TokenEntropies.of(hidden, weight, form, rows, temperature, scored);
    }

    private static double entropy(Tensor states, int row, Tensor weight, LogitForm form, double temperature) {
        int d = states.extent(1);
        int vocabulary = weight.extent(0);
        double[] z = new double[vocabulary];
        double sum = 0;
        for (int v = 0; v < vocabulary; v++) {
            for (int k = 0; k < d; k++) {
                z[v] += (double) states.floats()[row * d + k] * weight.floats()[v * d + k];
            }
            z[v] *= form.scale();
            z[v] = (form.softCap() > 0 ? form.softCap() * Math.tanh(z[v] / form.softCap()) : z[v]) / temperature;
            sum += Math.exp(z[v]);
        }
        double entropy = 0;
        for (int v = 0; v < vocabulary; v++) {
            double p = Math.exp(z[v]) / sum;
            entropy -= p * Math.log(p);
        }
        return entropy;
    }

    @Test
    @DisplayName(
            "values and gradients of hidden states and head, with scales, caps and temperatures, a row asked for twice")
    void gradients() {
        int[] rows = {2, 0, 2};
        float[] d = {0.5f, -2f, 1.25f};
        for (LogitForm form : FORMS) {
            for (float temperature : TEMPERATURES) {
                Tensor hs = random(1, 3, 4);
                Tensor ws = random(3, 7, 4);
                Parameter h = Var.parameter("h", hs.copy());
                Parameter w = Var.parameter("w", ws.copy());
                Var got = entropies(h, w, form, rows, temperature);
                float[] values = got.value().toFloatArray();
                for (int i = 0; i < rows.length; i++) {
                    assertThat((double) values[i]).isCloseTo(entropy(hs, rows[i], ws, form, temperature), within(2e-6));
                }
                got.backward(Tensor.of(d, 3));
                DoubleSupplier loss = () -> {
                    double sum = 0;
                    for (int i = 0; i < rows.length; i++) {
                        sum += d[i] * entropy(hs, rows[i], ws, form, temperature);
                    }
                    return sum;
                };
                check(h, hs, loss);
                check(w, ws, loss);
            }
        }
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
            assertThat((double) gradient[i]).isCloseTo((up - down) / width, within(3e-5));
        }
    }

    @Test
    @DisplayName(
            "a uniform distribution is at its peak and a certain one at the bottom: neither is pulled, and both are"
                    + " finite")
    void ends() {
        Parameter h = Var.parameter("h", Tensor.of(new float[] {0, 1000}, 2, 1));
        Var got = entropies(
                h, Var.constant(Tensor.of(new float[] {1, -1, 0}, 3, 1)), LogitForm.PLAIN, new int[] {0, 1}, 1f);
        assertThat(got.value().toFloatArray()).containsExactly(new float[] {(float) Math.log(3), 0}, within(1e-6f));
        got.backward(Tensor.of(new float[] {1, 1}, 2));
        assertThat(h.grad().orElseThrow().toFloatArray()).containsExactly(new float[] {0, 0}, within(1e-6f));
    }

    @Test
    @DisplayName(
            "a row has the same bits alone and among others, forward and backward, whatever the chunks and threads")
    void bits() {
        int vocabulary = TokenLogProbs.CHUNK_ELEMENTS / 4; // four rows a chunk
        Tensor h = random(7, 9, 2);
        Parameter w = Var.parameter("w", random(8, vocabulary, 2));
        int[] all = {0, 1, 2, 3, 4, 5, 6, 7, 8};
        float[] together = gradient(h, w, all);
        for (int row : new int[] {0, 3, 4, 8}) {
            float[] alone = gradient(h, w, row);
            assertThat(Arrays.copyOfRange(alone, 2 * row, 2 * row + 2))
                    .containsExactly(Arrays.copyOfRange(together, 2 * row, 2 * row + 2));
        }
        int threads = ComputePool.threads();
        try {
            ComputePool.setThreads(threads == 1 ? 2 : 1);
            assertThat(gradient(h, w, all)).containsExactly(together);
        } finally {
            ComputePool.setThreads(threads);
        }
    }

    private static float[] gradient(Tensor states, Parameter weight, int... rows) {
        Parameter h = Var.parameter("h", states.copy());
        float[] ones = new float[rows.length];
        Arrays.fill(ones, 1f);
        entropies(h, weight, LogitForm.PLAIN, rows, 1f).backward(Tensor.of(ones, ones.length));
        return h.grad().orElseThrow().toFloatArray();
    }
}
