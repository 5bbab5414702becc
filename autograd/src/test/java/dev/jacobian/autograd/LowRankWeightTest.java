// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import static dev.jacobian.autograd.GradientCheck.assertClose;
import static dev.jacobian.autograd.GradientCheck.assertGradient;
import static dev.jacobian.autograd.GradientCheck.assertValue;
import static dev.jacobian.autograd.GradientCheck.backward;
import static dev.jacobian.autograd.GradientCheck.by;
import static dev.jacobian.autograd.GradientCheck.doubles;
import static dev.jacobian.autograd.GradientCheck.matrix;
import static dev.jacobian.autograd.GradientCheck.normal;
import static dev.jacobian.autograd.GradientCheck.numbers;
import static dev.jacobian.testing.Bits.assertBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.tensor.Workspace;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LowRankWeightTest {
    private static final int N = 5;
    private static final int K = 37;
    private static final int M = 21;
    private static final int R = 3;
    private static final float SCALE = 0.75f;

    private final Tensor weight = normal(1, M, K); // [M, K]

    private static LowRankWeight changed(LinearWeight base, Var a, Var b, Optional<Var> m) {
        return new LowRankWeight(base, a, b, SCALE, m, LowRankDropout.NONE.stream(0));
    }

    private FrozenWeight frozen(WeightFormat format) {
        return FrozenWeight.of("w", weight, format);
    }

    private static double[] numbersOf(FrozenWeight frozen) {
        return doubles(Backends.cpu().matrices().unpack(frozen.packed()).t().contiguous());
    }

    /** {@code x · (W + s·B·A)ᵀ}, [n, M], in double. */
    private static double[] product(double[] x, double[] w, double[] a, double[] b) {
        int n = x.length / K;
        double[] out = new double[n * M];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < M; j++) {
                for (int k = 0; k < K; k++) {
                    out[i * M + j] += x[i * K + k] * sum(w, a, b, j, k);
                }
            }
        }
        return out;
    }

    private static double sum(double[] w, double[] a, double[] b, int j, int k) {
        double sum = w[j * K + k];
        for (int r = 0; r < R; r++) {
            sum += SCALE * b[j * R + r] * a[r * K + k];
        }
        return sum;
    }

    private static double[] norms(double[] w, double[] a, double[] b) {
        double[] norms = new double[M];
        for (int j = 0; j < M; j++) {
            for (int k = 0; k < K; k++) {
                norms[j] += Math.pow(sum(w, a, b, j, k), 2);
            }
            norms[j] = Math.sqrt(norms[j]);
        }
        return norms;
    }

    @Test
    @DisplayName("by hand: W = (3 4), A = (1 2), B = (2), s = 0.75: W + s·B·A = (4.5 7)")
    void byHand() {
        Parameter x = matrix(by(1, 2), 10, 1);
        Parameter a = matrix(by(1, 2), 1, 2);
        Parameter b = matrix(by(1, 1), 2);
        FrozenWeight base = FrozenWeight.of("w", Tensor.of(new float[] {3, 4}, 1, 2), WeightFormat.F32);
        Var y = Linear.linear(x, changed(base, a, b, Optional.empty()), Optional.empty());
        assertValue(y, 45 + 7);
        backward(y, 2);
        assertGradient(x, 2 * 4.5, 2 * 7);
        assertGradient(a, 2 * 0.75 * 2 * 10, 2 * 0.75 * 2 * 1);
        assertGradient(b, 2 * 0.75 * 12);
    }

    @Test
    @DisplayName("by hand with a magnitude of 10: rows of W + s·B·A = (3 4) have length 5, so y is twice the product")
    void byHandWithMagnitude() {
        Parameter x = matrix(by(1, 2), 10, 1);
        Parameter a = matrix(by(1, 2), 2, 0);
        Parameter b = matrix(by(1, 1), 2);
        Parameter m = numbers(10);
        FrozenWeight base = FrozenWeight.of("w", Tensor.of(new float[] {0, 4}, 1, 2), WeightFormat.F32);
        Var y = Linear.linear(x, changed(base, a, b, Optional.of(m)), Optional.empty());
        assertValue(y, 2 * 34);
        backward(y, 1);
        assertGradient(x, 6, 8);
        assertGradient(m, 34 / 5.0);
        assertGradient(b, 2 * 0.75 * 20);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_NONE, names = ".*_K")
    @DisplayName("value and gradients of x, A, B and the bias, over a weight in each format")
    void linear(WeightFormat format) {
        FrozenWeight base = frozen(format);
        double[] w = numbersOf(base);
        GradientCheck.check(
                in -> Linear.linear(in[0], changed(base, in[1], in[2], Optional.empty()), Optional.of(in[3])),
                in -> {
                    double[] out = product(in[0], w, in[1], in[2]);
                    Arrays.setAll(out, i -> out[i] + in[3][i % M]);
                    return out;
                },
                normal(2, N, K),
                normal(3, R, K),
                normal(4, M, R),
                normal(5, M));
    }

    @Test
    @DisplayName("with magnitudes: the norm is a constant to the gradient")
    void magnitudes() {
        FrozenWeight base = frozen(WeightFormat.F32);
        double[] w = numbersOf(base);
        Tensor a = normal(3, R, K);
        Tensor b = normal(4, M, R);
        double[] norms = norms(w, doubles(a), doubles(b));
        GradientCheck.check(
                in -> Linear.linear(in[0], changed(base, in[1], in[2], Optional.of(in[3])), Optional.empty()),
                in -> {
                    double[] out = product(in[0], w, in[1], in[2]);
                    Arrays.setAll(out, i -> out[i] * in[3][i % M] / norms[i % M]);
                    return out;
                },
                normal(2, N, K),
                a,
                b,
                normal(5, M));
    }

    @Test
    @DisplayName("a base that lies in memory has the bits of a packed one")
    void denseBase() {
        Tensor x = normal(2, N, K);
        Parameter a = Var.parameter("a", normal(3, R, K));
        Parameter b = Var.parameter("b", normal(4, M, R));
        Optional<Var> m = Optional.of(Var.constant(normal(5, M)));
        Var packed = Linear.linear(Var.constant(x), changed(frozen(WeightFormat.F32), a, b, m), Optional.empty());
        Var dense = Linear.linear(Var.constant(x), changed(Var.constant(weight), a, b, m), Optional.empty());
        assertBits("y", dense.value().toFloatArray(), packed.value().toFloatArray());
    }

    @Test
    @DisplayName("the fused head: what linear and log-softmax give")
    void head() {
        int[] rows = {4, 0, 2, 2};
        int[] targets = {0, 20, 3, 17};
        for (boolean magnitude : List.of(false, true)) {
            Parameter[] x = new Parameter[2];
            Parameter[] a = new Parameter[2];
            Parameter[] b = new Parameter[2];
            Var[] logProbs = new Var[2];
            for (int i = 0; i < 2; i++) {
                x[i] = Var.parameter("x", normal(2, N, K));
                a[i] = Var.parameter("a", normal(3, R, K));
                b[i] = Var.parameter("b", normal(4, M, R));
                Optional<Var> m = magnitude ? Optional.of(Var.parameter("m", normal(5, M))) : Optional.empty();
                LowRankWeight w = changed(frozen(WeightFormat.F32), a[i], b[i], m);
                // logits as rows of a head that is the identity, against the fused head
                logProbs[i] = i == 0
                        ? TokenLogProbs.tokenLogProbs(x[i], w, rows, targets, 0.7f)
                                .logProbs()
                        : TokenLogProbs.tokenLogProbs(
                                        Linear.linear(x[i], w, Optional.empty()), identity(), rows, targets, 0.7f)
                                .logProbs();
                logProbs[i].backward(normal(6, rows.length));
            }
            assertClose("log-probabilities", doubles(logProbs[0].value()), doubles(logProbs[1].value()));
            for (Parameter[] pair : List.of(x, a, b)) {
                assertClose(
                        "gradient of " + pair[0].name(),
                        doubles(pair[0].grad().orElseThrow()),
                        doubles(pair[1].grad().orElseThrow()));
            }
        }
    }

    private static Var identity() {
        Tensor one = Tensor.zeros(M, M);
        for (int i = 0; i < M; i++) {
            one.floats()[i * M + i] = 1;
        }
        return Var.constant(one);
    }

    @Test
    @DisplayName("a row has the bits of that row alone, and norms follow changes of A and B")
    void rowsAloneAndNorms() {
        Tensor x = normal(2, N, K);
        Parameter a = Var.parameter("a", normal(3, R, K));
        Parameter b = Var.parameter("b", normal(4, M, R));
        LowRankWeight w = changed(frozen(WeightFormat.Q8_0), a, b, Optional.of(Var.constant(normal(5, M))));
        float[] all =
                Linear.linear(Var.constant(x), w, Optional.empty()).value().toFloatArray();
        for (int n = 0; n < N; n++) {
            Var row = Linear.linear(Var.constant(x.slice(0, n, n + 1)), w, Optional.empty());
            assertBits("row " + n, row.value().toFloatArray(), Arrays.copyOfRange(all, n * M, (n + 1) * M));
        }
        float[] before = w.rowNorms();
        b.value().fill(0f);
        b.valueChanged();
        double[] expected = norms(numbersOf(frozen(WeightFormat.Q8_0)), doubles(a.value()), doubles(b.value()));
        assertClose("norms", doubles(Tensor.of(w.rowNorms(), M)), expected);
        assertThat(w.rowNorms()).isNotEqualTo(before);
        Var y = Linear.linear(Var.constant(x), w, Optional.empty());
        assertThat(y.value().toFloatArray()).isNotEqualTo(all);
    }

    @Test
    @DisplayName("dropout: a share of the inputs of A, the same again in backward and when a layer is computed again")
    void dropout() {
        LowRankDropout dropout = new LowRankDropout(0.25, 7);
        int k = 4000;
        FrozenWeight base = FrozenWeight.of("w", Tensor.zeros(1, k), WeightFormat.F32);
        Tensor ones = Tensor.zeros(1, k);
        ones.fill(1f);
        Parameter a = Var.parameter("a", ones.copy());
        Parameter b = matrix(by(1, 1), 1);
        LowRankWeight w = new LowRankWeight(base, a, b, 1f, Optional.empty(), dropout.stream(3));
        Parameter x = Var.parameter("x", ones.copy());
        float whole = Linear.linear(x, w, Optional.empty()).value().item();
        assertThat(whole).isEqualTo(k);

        dropout.begin(1);
        Var y = Linear.linear(x, w, Optional.empty());
        float kept = y.value().item();
        assertThat(kept)
                .isCloseTo(k, org.assertj.core.data.Offset.offset(0.05f * k))
                .isNotEqualTo(k);
        new Workspace().run(() -> backward(y, 1));
        float[] dX = x.grad().orElseThrow().toFloatArray();
        float[] dA = a.grad().orElseThrow().toFloatArray();
        assertBits("what x and A get", dX, dA);
        float sum = 0;
        for (float one : dX) {
            assertThat(one).isIn(0f, 1 / 0.75f);
            sum += one;
        }
        assertThat(sum).isCloseTo(kept, org.assertj.core.data.Offset.offset(0.01f));

        x.clearGrad();
        Var again = Checkpoint.checkpoint(x, rows -> Linear.linear(rows, w, Optional.empty()));
        backward(again, 1);
        assertBits("again", x.grad().orElseThrow().toFloatArray(), dX);

        dropout.begin(2);
        assertThat(Linear.linear(x, w, Optional.empty()).value().item()).isNotEqualTo(kept);
        dropout.end();
        assertThat(Linear.linear(x, w, Optional.empty()).value().item()).isEqualTo(whole);
    }

    @Test
    @DisplayName("dropout with magnitudes: it is left out of all that factors change, as in PEFT")
    void dropoutWithMagnitudes() {
        LowRankDropout dropout = new LowRankDropout(0.4, 7);
        dropout.begin(3);
        FrozenWeight base = frozen(WeightFormat.F32);
        double[] w = numbersOf(base);
        Tensor a = normal(3, R, K);
        Tensor b = normal(4, M, R);
        double[] norms = norms(w, doubles(a), doubles(b));
        Tensor ones = Tensor.zeros(N, K);
        ones.fill(1);
        double[] left = doubles(dropout.stream(2).kept(ones)); // of each element of x
        assertThat(Arrays.stream(left).filter(one -> one == 0).count()).isBetween(N * K / 4L, N * K / 2L);
        double[] zero = new double[M * R];
        GradientCheck.check(
                in -> Linear.linear(
                        in[0],
                        new LowRankWeight(base, in[1], in[2], SCALE, Optional.of(in[3]), dropout.stream(2)),
                        Optional.empty()),
                in -> {
                    double[] kept = new double[N * K];
                    Arrays.setAll(kept, i -> in[0][i] * left[i]);
                    double[] out = product(in[0], w, in[1], zero); // of the base model
                    double[] plain = product(kept, w, in[1], zero);
                    double[] changed = product(kept, w, in[1], in[2]);
                    Arrays.setAll(out, i -> out[i] - plain[i] + in[3][i % M] / norms[i % M] * changed[i]);
                    return out;
                },
                normal(2, N, K),
                a,
                b,
                normal(5, M));
    }

    @Test
    @DisplayName("shapes that do not fit, and a base that is trained, are refused by name")
    void refusals() {
        FrozenWeight base = frozen(WeightFormat.F32);
        Parameter a = Var.parameter("adapter.a", normal(3, R, K));
        Parameter b = Var.parameter("adapter.b", normal(4, M, R + 1));
        assertThatThrownBy(() -> changed(base, a, b, Optional.empty()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("adapter.b");
        Parameter trained = Var.parameter("trained", weight);
        assertThatThrownBy(() -> changed(trained, a, Var.parameter("b", normal(4, M, R)), Optional.empty()))
                .hasMessageContaining("trained");
        assertThatThrownBy(() -> new LowRankDropout(1, 0)).hasMessageContaining("less than 1");
    }
}
