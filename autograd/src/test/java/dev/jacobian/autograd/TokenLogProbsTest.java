// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import static dev.jacobian.autograd.GradientCheck.assertClose;
import static dev.jacobian.autograd.GradientCheck.assertGradient;
import static dev.jacobian.autograd.GradientCheck.assertValue;
import static dev.jacobian.autograd.GradientCheck.backward;
import static dev.jacobian.autograd.GradientCheck.by;
import static dev.jacobian.autograd.GradientCheck.check;
import static dev.jacobian.autograd.GradientCheck.doubles;
import static dev.jacobian.autograd.GradientCheck.matrix;
import static dev.jacobian.autograd.GradientCheck.normal;
import static dev.jacobian.testing.Bits.assertBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The fused head against plain double loops, and its chunks against one pass over everything. */
class TokenLogProbsTest {
    private static final int[] ROWS = {4, 0, 2, 2, 4, 1};
    private static final int[] TARGETS = {0, 7, 3, 3, 6, 12};
    private static final int V = 13;
    private static final int D = 9;

    @Test
    @DisplayName("by hand: logits (0, ln 3) mean p = (1/4, 3/4); of the second token's log p: dlogits = (-1/4, 1/4)")
    void byHand() {
        double ln3 = Math.log(3);
        Parameter hidden = matrix(by(1, 1), 1);
        Parameter head = matrix(by(2, 1), 0, (float) ln3);
        var result = TokenLogProbs.tokenLogProbs(hidden, head, new int[] {0}, new int[] {1}, 1f);
        assertValue(result.logProbs(), Math.log(3 / 4.0));
        assertValue(Var.constant(result.entropy()), -(Math.log(1 / 4.0) + 3 * Math.log(3 / 4.0)) / 4);
        backward(result.logProbs(), 1);
        assertGradient(hidden, ln3 / 4); // dlogits · head
        assertGradient(head, -1 / 4.0, 1 / 4.0); // dlogits · hidden
    }

    @ParameterizedTest
    @ValueSource(floats = {1f, 0.7f, 2.5f})
    @DisplayName("log-probabilities and gradients, repeated and skipped rows, temperature")
    void gradients(float temperature) {
        check(
                v -> TokenLogProbs.tokenLogProbs(v[0], v[1], ROWS, TARGETS, temperature)
                        .logProbs(),
                in -> oracle(in[0], in[1], D, ROWS, TARGETS, temperature)[0],
                normal(1, 5, D),
                normal(2, V, D));
    }

    @ParameterizedTest
    @CsvSource({"0.5, 0", "1, 1.5", "3, 2"})
    @DisplayName(
            "logits times a factor and under a cap: log-probabilities, gradients, entropies, and the logits themselves")
    void forms(float scale, float cap) {
        LogitForm form = new LogitForm(scale, cap);
        DoubleUnaryOperator of = z -> cap == 0 ? scale * z : cap * Math.tanh(scale * z / cap);
        Tensor hidden = normal(1, 5, D);
        Tensor weight = normal(2, V, D);
        check(
                v -> TokenLogProbs.tokenLogProbs(v[0], v[1], form, ROWS, TARGETS, 0.7f)
                        .logProbs(),
                in -> oracle(in[0], in[1], D, of, ROWS, TARGETS, 0.7f)[0],
                hidden,
                weight);
        Var states = Var.constant(hidden);
        Var head = Var.constant(weight);
        assertClose(
                "entropy",
                doubles(TokenLogProbs.tokenLogProbs(states, head, form, ROWS, TARGETS, 0.7f)
                        .entropy()),
                oracle(doubles(hidden), doubles(weight), D, of, ROWS, TARGETS, 0.7f)[1]);
        float[] products =
                TokenLogProbs.logits(states, head, LogitForm.PLAIN, ROWS).toFloatArray();
        float[] logits = TokenLogProbs.logits(states, head, form, ROWS).toFloatArray();
        for (int i = 0; i < logits.length; i++) {
            assertThat((double) logits[i]).isCloseTo(of.applyAsDouble(products[i]), within(1e-5));
        }
    }

    @Test
    @DisplayName("a head that is also the input, as in a tied model")
    void tied() {
        check(
                v -> TokenLogProbs.tokenLogProbs(Rows.gather(v[0], ROWS), v[0], ROWS, TARGETS, 1f)
                        .logProbs(),
                in -> {
                    double[] hidden = new double[ROWS.length * D];
                    for (int i = 0; i < ROWS.length; i++) {
                        System.arraycopy(in[0], ROWS[i] * D, hidden, i * D, D);
                    }
                    return oracle(hidden, in[0], D, ROWS, TARGETS, 1)[0];
                },
                normal(3, V, D));
    }

    @ParameterizedTest
    @ValueSource(floats = {1f, 0.5f})
    @DisplayName("entropy")
    void entropy(float temperature) {
        Tensor hidden = normal(4, 5, D);
        Tensor weight = normal(5, V, D);
        var result =
                TokenLogProbs.tokenLogProbs(Var.constant(hidden), Var.constant(weight), ROWS, TARGETS, temperature);
        assertClose(
                "entropy",
                doubles(result.entropy()),
                oracle(doubles(hidden), doubles(weight), D, ROWS, TARGETS, temperature)[1]);
        Tensor flat = Tensor.zeros(5, D);
        assertThat(TokenLogProbs.tokenLogProbs(Var.constant(flat), Var.constant(weight), ROWS, TARGETS, temperature)
                        .entropy()
                        .toFloatArray())
                .as("a uniform distribution has ln V nats")
                .containsOnly((float) Math.log(V));
    }

    @Test
    @DisplayName("several chunks give the bits of one pass over all logits")
    void chunks() {
        int v = 70_001;
        int d = 3;
        int r = TokenLogProbs.CHUNK_ELEMENTS / v + 5; // a full chunk and a part
        Tensor hidden = normal(6, 11, d);
        Tensor weight = normal(7, v, d);
        int[] rows = new int[r];
        int[] targets = new int[r];
        Tensor gradient = normal(8, r);
        for (int i = 0; i < r; i++) {
            rows[i] = i * 7 % 11;
            targets[i] = i * 1009 % v;
            gradient.floats()[i] = i % 5 == 3 ? 0 : gradient.floats()[i]; // such rows are left out in backward
        }
        Parameter h = Var.parameter("hidden", hidden);
        Parameter w = Var.parameter("head", weight);
        var result = TokenLogProbs.tokenLogProbs(h, w, rows, targets, 0.8f);
        result.logProbs().backward(gradient);

        Backend backend = Backends.cpu();
        Tensor gathered = Tensor.zeros(r, d);
        backend.rows().gatherRows(hidden, rows, gathered);
        Tensor logits = Tensor.zeros(r, v);
        backend.matrices().matmul(gathered, weight.t(), logits, false);
        Tensor logProbs = Tensor.zeros(r);
        Tensor entropy = Tensor.zeros(r);
        Tensor stats = Tensor.zeros(r, 2);
        backend.softmax().logProbs(logits, 1f / 0.8f, targets, logProbs, entropy, stats);
        assertBits("result", result.logProbs().value().floats(), logProbs.floats());
        assertBits("result", result.entropy().floats(), entropy.floats());

        backend.softmax().logProbsBackward(logits, 1f / 0.8f, targets, gradient, stats);
        Tensor dWeight = Tensor.zeros(v, d);
        backend.matrices().matmul(logits.t(), gathered, dWeight, false);
        Tensor dGathered = Tensor.zeros(r, d);
        backend.matrices().matmul(logits, weight, dGathered, false);
        Tensor dHidden = Tensor.zeros(11, d);
        backend.rows().scatterAddRows(dGathered, rows, dHidden);
        assertBits("w", w.grad().orElseThrow().floats(), dWeight.floats());
        assertBits("h", h.grad().orElseThrow().floats(), dHidden.floats());
    }

    @Test
    @DisplayName("each row alone gives the bits it has in a batch")
    void rowsAlone() {
        Tensor hidden = normal(9, 5, D);
        Tensor weight = normal(10, V, D);
        Var batch = TokenLogProbs.tokenLogProbs(Var.constant(hidden), Var.constant(weight), ROWS, TARGETS, 0.9f)
                .logProbs();
        for (int i = 0; i < ROWS.length; i++) {
            Var alone = TokenLogProbs.tokenLogProbs(
                            Var.constant(hidden),
                            Var.constant(weight),
                            new int[] {ROWS[i]},
                            new int[] {TARGETS[i]},
                            0.9f)
                    .logProbs();
            assertThat(alone.value().item()).isEqualTo(batch.value().get(i));
        }
    }

    @Test
    @DisplayName("no rows at all, and a strided view as hidden states")
    void edges() {
        Var weight = Var.parameter("head", normal(11, V, D));
        Var none = TokenLogProbs.tokenLogProbs(Var.constant(normal(12, 5, D)), weight, new int[0], new int[0], 1f)
                .logProbs();
        assertThat(none.value().elements()).isZero();
        Tensor view = normal(13, D, 5).t();
        assertBits("view", logProbs(view, weight), logProbs(view.copy(), weight));
    }

    private static float[] logProbs(Tensor hidden, Var weight) {
        return TokenLogProbs.tokenLogProbs(Var.constant(hidden), weight, ROWS, TARGETS, 1f)
                .logProbs()
                .value()
                .floats();
    }

    @Test
    @DisplayName("bad input")
    void badInput() {
        Var hidden = Var.constant(normal(14, 5, D));
        Var weight = Var.parameter("lm_head.weight", normal(15, V, D));
        assertThatThrownBy(() -> TokenLogProbs.tokenLogProbs(hidden, weight, ROWS, new int[2], 1f))
                .hasMessageContaining("6 rows")
                .hasMessageContaining("2 targets");
        for (float temperature : new float[] {0, -1, Float.NaN}) {
            assertThatThrownBy(() -> TokenLogProbs.tokenLogProbs(hidden, weight, ROWS, TARGETS, temperature))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("temperature");
        }
        assertThatThrownBy(() -> TokenLogProbs.tokenLogProbs(hidden, weight, new int[] {5}, new int[] {0}, 1f))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> TokenLogProbs.tokenLogProbs(hidden, weight, new int[] {0}, new int[] {V}, 1f))
                .isInstanceOf(IndexOutOfBoundsException.class);
        Var narrow = Var.parameter("lm_head.weight", normal(16, V, D - 1));
        assertThatThrownBy(() -> TokenLogProbs.tokenLogProbs(hidden, narrow, ROWS, TARGETS, 1f))
                .hasMessageContaining("lm_head.weight")
                .hasMessageContaining("[13, 8]");
    }

    /** Log-probabilities and entropies. */
    private static double[][] oracle(
            double[] hidden, double[] weight, int d, int[] rows, int[] targets, float temperature) {
        return oracle(hidden, weight, d, z -> z, rows, targets, temperature);
    }

    private static double[][] oracle(
            double[] hidden,
            double[] weight,
            int d,
            DoubleUnaryOperator form,
            int[] rows,
            int[] targets,
            float temperature) {
        int vocabulary = weight.length / d;
        double[] logProbs = new double[rows.length];
        double[] entropy = new double[rows.length];
        for (int i = 0; i < rows.length; i++) {
            double[] z = new double[vocabulary];
            for (int v = 0; v < vocabulary; v++) {
                for (int k = 0; k < d; k++) {
                    z[v] += hidden[rows[i] * d + k] * weight[v * d + k];
                }
                z[v] = form.applyAsDouble(z[v]) / temperature;
            }
            double max = Arrays.stream(z).max().orElseThrow();
            double logSum =
                    max + Math.log(Arrays.stream(z).map(x -> Math.exp(x - max)).sum());
            logProbs[i] = z[targets[i]] - logSum;
            entropy[i] = -Arrays.stream(z)
                    .map(x -> Math.exp(x - logSum) * (x - logSum))
                    .sum();
        }
        return new double[][] {logProbs, entropy};
    }
}
