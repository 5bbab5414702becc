// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static dev.jacobian.tensor.Numbers.normal;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;

/**
 * The reference kernels against mathematics: formulas in double, written down here once more from the papers, and
 * derivatives by central differences. What the conformance tests compare with must itself be right.
 */
class ReferenceOracleTest {
    private final Backend reference = Backends.reference();
    private final Rng rng = new Rng(50, 0);

    @Test
    void matrixProductWithinItsErrorBound() {
        Tensor a = normal(rng, 7, 300);
        Tensor b = normal(rng, 300, 5);
        Tensor out = normal(rng, 7, 5);
        Tensor before = out.copy();
        reference.matrices().matmul(a, b, out, true);
        for (int i = 0; i < 7; i++) {
            for (int j = 0; j < 5; j++) {
                double sum = before.get(i, j);
                double size = Math.abs(sum);
                for (int p = 0; p < 300; p++) {
                    double product = (double) a.get(i, p) * b.get(p, j);
                    sum += product;
                    size += Math.abs(product);
                }
                assertThat((double) out.get(i, j)).isCloseTo(sum, within(301 * 0x1p-24 * size));
            }
        }
    }

    @Test
    void productWithTheIdentityAndOnes() {
        Tensor x = normal(rng, 4, 4);
        Tensor identity = Tensor.zeros(4, 4);
        for (int i = 0; i < 4; i++) {
            identity.floats()[i * 5] = 1f;
        }
        Tensor out = Tensor.zeros(4, 4);
        reference.matrices().matmul(x, identity, out, false);
        assertThat(out.toFloatArray()).containsExactly(x.toFloatArray());
        reference.matrices().matmul(identity, x.t(), out, false);
        assertThat(out.toFloatArray()).containsExactly(x.t().toFloatArray());
    }

    private static double[] doubles(Tensor x) {
        float[] floats = x.toFloatArray();
        double[] result = new double[floats.length];
        for (int i = 0; i < result.length; i++) {
            result[i] = floats[i];
        }
        return result;
    }

    /** ∂f/∂x[i] by central differences in double. */
    private static double slope(ToDoubleFunction<double[]> f, double[] x, int i) {
        double h = 1e-5;
        double[] up = x.clone();
        double[] down = x.clone();
        up[i] += h;
        down[i] -= h;
        return (f.applyAsDouble(up) - f.applyAsDouble(down)) / (2 * h);
    }

    private static void assertGradient(String what, Tensor gradient, ToDoubleFunction<double[]> loss, Tensor at) {
        double[] x = doubles(at);
        float[] g = gradient.toFloatArray();
        for (int i = 0; i < x.length; i++) {
            double expected = slope(loss, x, i);
            assertThat((double) g[i])
                    .as(what + "[" + i + "]")
                    .isCloseTo(expected, within(2e-5 * (1 + Math.abs(expected))));
        }
    }

    // RMSNorm

    private static double normLoss(double[] x, double[] w, double[] dOut, double epsilon) {
        int d = w.length;
        double loss = 0;
        for (int row = 0; row < x.length / d; row++) {
            double squares = 0;
            for (int i = 0; i < d; i++) {
                squares += x[row * d + i] * x[row * d + i];
            }
            double rms = Math.sqrt(squares / d + epsilon);
            for (int i = 0; i < d; i++) {
                loss += dOut[row * d + i] * x[row * d + i] / rms * w[i];
            }
        }
        return loss;
    }

    @Test
    void rmsNormAndItsGradients() {
        int d = 19;
        Tensor x = normal(rng, 3, d);
        Tensor w = normal(rng, d);
        Tensor dOut = normal(rng, 3, d);
        Tensor out = Tensor.zeros(3, d);
        Tensor r = Tensor.zeros(3);
        reference.norms().rmsNorm(x, w, 0.01f, out, r);
        double dot = 0;
        for (int i = 0; i < 3 * d; i++) {
            dot += (double) out.toFloatArray()[i] * dOut.toFloatArray()[i];
        }
        assertThat(dot).isCloseTo(normLoss(doubles(x), doubles(w), doubles(dOut), 0.01f), within(1e-4));
        Tensor dX = Tensor.zeros(3, d);
        Tensor dW = Tensor.zeros(d);
        reference.norms().rmsNormBackward(dOut, x, w, r, dX, dW);
        assertGradient("dX", dX, v -> normLoss(v, doubles(w), doubles(dOut), 0.01f), x);
        assertGradient("dW", dW, v -> normLoss(doubles(x), v, doubles(dOut), 0.01f), w);
        reference.norms().rmsNormBackward(dOut, x, w, r, dX, dW);
        assertThat((double) dW.get(0))
                .as("dWeight accumulates")
                .isCloseTo(2 * slope(v -> normLoss(doubles(x), v, doubles(dOut), 0.01f), doubles(w), 0), within(1e-3));
    }

    // SwiGLU

    private static double swiGluLoss(double[] gate, double[] up, double[] dOut) {
        double loss = 0;
        for (int i = 0; i < gate.length; i++) {
            loss += dOut[i] * gate[i] / (1 + Math.exp(-gate[i])) * up[i];
        }
        return loss;
    }

    @Test
    void swiGluAndItsGradients() {
        Tensor gate = normal(rng, 30);
        Tensor up = normal(rng, 30);
        Tensor dOut = normal(rng, 30);
        Tensor out = Tensor.zeros(30);
        reference.activations().swiGlu(gate, up, out);
        for (int i = 0; i < 30; i++) {
            double z = gate.get(i);
            assertThat((double) out.get(i)).isCloseTo(z / (1 + Math.exp(-z)) * up.get(i), within(1e-6));
        }
        Tensor dGate = Tensor.zeros(30);
        Tensor dUp = Tensor.zeros(30);
        reference.activations().swiGluBackward(dOut, gate, up, dGate, dUp);
        assertGradient("dGate", dGate, v -> swiGluLoss(v, doubles(up), doubles(dOut)), gate);
        assertGradient("dUp", dUp, v -> swiGluLoss(doubles(gate), v, doubles(dOut)), up);
    }

    // Rotary

    @Test
    void rotaryTurnsPairsByTheirAngle() {
        int half = 4;
        Tensor cos = Tensor.zeros(6, half);
        Tensor sin = Tensor.zeros(6, half);
        for (int p = 0; p < 6; p++) {
            for (int i = 0; i < half; i++) {
                double angle = p * Math.pow(10000, -(double) i / half);
                cos.floats()[p * half + i] = (float) Math.cos(angle);
                sin.floats()[p * half + i] = (float) Math.sin(angle);
            }
        }
        int[] positions = {5, 0, 2};
        Tensor x = normal(rng, 3, 2 * 2 * half);
        Tensor out = Tensor.zeros(3, 2 * 2 * half);
        reference.positions().rotary(x, RotaryForm.whole(2 * half), cos, sin, positions, false, out);
        for (int row = 0; row < 3; row++) {
            for (int head = 0; head < 2; head++) {
                for (int i = 0; i < half; i++) {
                    double angle = positions[row] * Math.pow(10000, -(double) i / half);
                    double re = x.get(row, head * 2 * half + i);
                    double im = x.get(row, head * 2 * half + half + i);
                    assertThat((double) out.get(row, head * 2 * half + i))
                            .isCloseTo(re * Math.cos(angle) - im * Math.sin(angle), within(1e-6));
                    assertThat((double) out.get(row, head * 2 * half + half + i))
                            .isCloseTo(im * Math.cos(angle) + re * Math.sin(angle), within(1e-6));
                }
            }
        }
        Tensor back = Tensor.zeros(3, 2 * 2 * half);
        reference.positions().rotary(out, RotaryForm.whole(2 * half), cos, sin, positions, true, back);
        for (int i = 0; i < x.elements(); i++) {
            assertThat(back.toFloatArray()[i]).isCloseTo(x.toFloatArray()[i], within(1e-6f));
        }
    }

    @Test
    void rotaryOfAPartLeavesTheRest() {
        Tensor cos = Tensor.of(new float[] {0, 1}, 1, 2); // pair 0 a quarter turn, pair 1 none
        Tensor sin = Tensor.of(new float[] {1, 0}, 1, 2);
        Tensor x = Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7}, 1, 7);
        Tensor out = Tensor.zeros(1, 7);
        int[] position = {0};
        RotaryForm halves = new RotaryForm(7, 4, RotaryForm.Pairing.HALVES);
        reference.positions().rotary(x, halves, cos, sin, position, false, out);
        assertThat(out.toFloatArray()).containsExactly(-3, 2, 1, 4, 5, 6, 7);
        RotaryForm neighbours = new RotaryForm(7, 4, RotaryForm.Pairing.NEIGHBOURS);
        reference.positions().rotary(x, neighbours, cos, sin, position, false, out);
        assertThat(out.toFloatArray()).containsExactly(-2, 1, 3, 4, 5, 6, 7);
        reference.positions().rotary(out, neighbours, cos, sin, position, true, out);
        assertThat(out.toFloatArray()).containsExactly(x.toFloatArray());
    }

    // Attention

    /** One head per kv head, sequences without parents, causal with a window; the textbook formula. */
    private static double attentionLoss(
            double[] q,
            double[] k,
            double[] v,
            double[] dOut,
            int n,
            int heads,
            int group,
            int d,
            double scale,
            int window) {
        int kvHeads = heads / group;
        double loss = 0;
        for (int i = 0; i < n; i++) {
            for (int h = 0; h < heads; h++) {
                double[] e = new double[n];
                double sum = 0;
                for (int j = Math.max(0, window > 0 ? i - window + 1 : 0); j <= i; j++) {
                    double score = 0;
                    for (int c = 0; c < d; c++) {
                        score += q[(i * heads + h) * d + c] * k[(j * kvHeads + h / group) * d + c];
                    }
                    e[j] = Math.exp(score * scale);
                    sum += e[j];
                }
                for (int c = 0; c < d; c++) {
                    double out = 0;
                    for (int j = 0; j <= i; j++) {
                        out += e[j] / sum * v[(j * kvHeads + h / group) * d + c];
                    }
                    loss += dOut[(i * heads + h) * d + c] * out;
                }
            }
        }
        return loss;
    }

    @Test
    void attentionAndItsGradients() {
        int n = 6;
        int heads = 4;
        int group = 2;
        int d = 3;
        for (int window : new int[] {0, 3}) {
            Tensor q = normal(rng, n, heads * d);
            Tensor k = normal(rng, n, heads / group * d);
            Tensor v = normal(rng, n, heads / group * d);
            Tensor dOut = normal(rng, n, heads * d);
            Segments segments = Segments.of(n);
            KvCache cache = reference.attention().newKvCache(1, heads / group, d);
            int[] sequences = {cache.add()};
            cache.append(0, sequences, segments, k, v);
            Tensor out = Tensor.zeros(n, heads * d);
            Tensor stats = Tensor.zeros(n, heads, 2);
            reference
                    .attention()
                    .attention(
                            q,
                            new CachedRows(cache, 0, sequences, segments),
                            new AttentionForm(d, 0.6f, window),
                            out,
                            stats);
            double dot = 0;
            for (int i = 0; i < out.elements(); i++) {
                dot += (double) out.toFloatArray()[i] * dOut.toFloatArray()[i];
            }
            double scale = 0.6f;
            assertThat(dot)
                    .isCloseTo(
                            attentionLoss(
                                    doubles(q),
                                    doubles(k),
                                    doubles(v),
                                    doubles(dOut),
                                    n,
                                    heads,
                                    group,
                                    d,
                                    scale,
                                    window),
                            within(1e-4));
            Tensor dQ = Tensor.zeros(n, heads * d);
            Tensor dK = Tensor.zeros(n, heads / group * d);
            Tensor dV = Tensor.zeros(n, heads / group * d);
            reference
                    .attention()
                    .attentionBackward(
                            dOut,
                            new Qkv(q, k, v),
                            out,
                            stats,
                            segments,
                            new AttentionForm(d, 0.6f, window),
                            new Qkv(dQ, dK, dV));
            assertGradient(
                    "dQ",
                    dQ,
                    x -> attentionLoss(x, doubles(k), doubles(v), doubles(dOut), n, heads, group, d, scale, window),
                    q);
            assertGradient(
                    "dK",
                    dK,
                    x -> attentionLoss(doubles(q), x, doubles(v), doubles(dOut), n, heads, group, d, scale, window),
                    k);
            assertGradient(
                    "dV",
                    dV,
                    x -> attentionLoss(doubles(q), doubles(k), x, doubles(dOut), n, heads, group, d, scale, window),
                    v);
        }
    }

    @Test
    void aSampleOfASharedPromptSeesWhatItWouldSeeAlone() {
        int d = 4;
        Tensor q = normal(rng, 9, d);
        Tensor k = normal(rng, 9, d);
        Tensor v = normal(rng, 9, d);
        // rows 0..2 prompt, 3..4 one sample, 5..8 another
        Segments shared = Segments.of(new int[] {3, 2, 4}, new int[] {-1, 0, 0});
        KvCache cache = reference.attention().newKvCache(1, 1, d);
        int root = cache.add();
        int[] sequences = {root, cache.fork(root, 3), cache.fork(root, 3)};
        cache.append(0, sequences, shared, k, v);
        Tensor out = Tensor.zeros(9, d);
        reference
                .attention()
                .attention(q, new CachedRows(cache, 0, sequences, shared), new AttentionForm(d, 0.5f, 0), out, null);

        int[] rows = {0, 1, 2, 5, 6, 7, 8};
        Tensor q2 = Tensor.zeros(7, d);
        Tensor k2 = Tensor.zeros(7, d);
        Tensor v2 = Tensor.zeros(7, d);
        reference.rows().gatherRows(q, rows, q2);
        reference.rows().gatherRows(k, rows, k2);
        reference.rows().gatherRows(v, rows, v2);
        KvCache alone = reference.attention().newKvCache(1, 1, d);
        int[] one = {alone.add()};
        alone.append(0, one, Segments.of(7), k2, v2);
        Tensor out2 = Tensor.zeros(7, d);
        reference
                .attention()
                .attention(
                        q2, new CachedRows(alone, 0, one, Segments.of(7)), new AttentionForm(d, 0.5f, 0), out2, null);
        Tensor expected = Tensor.zeros(7, d);
        reference.rows().gatherRows(out, rows, expected);
        assertThat(out2.toFloatArray()).containsExactly(expected.toFloatArray());
    }

    // Log-probabilities

    private static double logProbLoss(double[] logits, int v, double inverse, int[] targets, double[] weights) {
        double loss = 0;
        for (int row = 0; row < targets.length; row++) {
            double sum = 0;
            for (int i = 0; i < v; i++) {
                sum += Math.exp(logits[row * v + i] * inverse);
            }
            loss += weights[row] * (logits[row * v + targets[row]] * inverse - Math.log(sum));
        }
        return loss;
    }

    @Test
    void logProbabilitiesEntropyAndGradient() {
        int v = 23;
        int[] targets = {0, 22, 7};
        Tensor logits = normal(rng, 3, v);
        Tensor logProbs = Tensor.zeros(3);
        Tensor entropy = Tensor.zeros(3);
        Tensor stats = Tensor.zeros(3, 2);
        float inverse = 1.25f;
        reference.softmax().logProbs(logits, inverse, targets, logProbs, entropy, stats);
        double[] x = doubles(logits);
        for (int row = 0; row < 3; row++) {
            double[] one = {0, 0, 0};
            one[row] = 1;
            assertThat((double) logProbs.get(row)).isCloseTo(logProbLoss(x, v, inverse, targets, one), within(1e-5));
            double h = 0;
            for (int i = 0; i < v; i++) {
                int[] each = targets.clone();
                each[row] = i;
                double logP = logProbLoss(x, v, inverse, each, one);
                h -= Math.exp(logP) * logP;
            }
            assertThat((double) entropy.get(row)).isCloseTo(h, within(1e-5));
        }
        Tensor probabilities = Tensor.zeros(3, v);
        reference.softmax().softmax(logits, inverse, probabilities);
        for (int row = 0; row < 3; row++) {
            assertThat(probabilities.get(row, targets[row]))
                    .isCloseTo((float) Math.exp(logProbs.get(row)), within(1e-6f));
        }
        Tensor weights = normal(rng, 3);
        Tensor gradient = logits.copy();
        reference.softmax().logProbsBackward(gradient, inverse, targets, weights, stats);
        assertGradient("dLogits", gradient, l -> logProbLoss(l, v, inverse, targets, doubles(weights)), logits);
    }

    @Test
    void uniformAndCertainDistributions() {
        Tensor logits = Tensor.zeros(2, 8);
        logits.floats()[8] = 1000f;
        Tensor logProbs = Tensor.zeros(2);
        Tensor entropy = Tensor.zeros(2);
        reference.softmax().logProbs(logits, 1f, new int[] {3, 0}, logProbs, entropy, Tensor.zeros(2, 2));
        assertThat(logProbs.get(0)).isEqualTo((float) -Math.log(8));
        assertThat(entropy.get(0)).isEqualTo((float) Math.log(8));
        assertThat(logProbs.get(1)).isZero();
        assertThat(entropy.get(1)).isZero();
    }

    // AdamW

    @Test
    void adamWAgainstTheFormulaInDouble() {
        double lr = 0.01;
        double wd = 0.1;
        double b1 = 0.9;
        double b2 = 0.95;
        double epsilon = 1e-8;
        double p = 0.7;
        double m = 0;
        double v = 0;
        Tensor parameter = Tensor.of(new float[] {0.7f}, 1);
        Tensor mean = Tensor.zeros(1);
        Tensor square = Tensor.zeros(1);
        for (int t = 1; t <= 50; t++) {
            double g = Math.sin(t) + 0.3;
            p -= lr * wd * p;
            m = b1 * m + (1 - b1) * g;
            v = b2 * v + (1 - b2) * g * g;
            double mHat = m / (1 - Math.pow(b1, t));
            double vHat = v / (1 - Math.pow(b2, t));
            p -= lr * mHat / (Math.sqrt(vHat) + epsilon);
            AdamWStep step = new AdamWStep(
                    0.5f,
                    (float) (1 - lr * wd),
                    b1,
                    b2,
                    (float) (lr / (1 - Math.pow(b1, t))),
                    (float) (1 / Math.sqrt(1 - Math.pow(b2, t))),
                    (float) epsilon);
            reference.optimizer().adamW(parameter, Tensor.of(new float[] {(float) (2 * g)}, 1), mean, square, step);
            assertThat((double) parameter.item()).as("step " + t).isCloseTo(p, within(1e-5));
        }
    }

    @Test
    void sumsAndRows() {
        Tensor x = normal(rng, 5, 3);
        assertThat(reference.elementwise().sumOfSquares(x))
                .isCloseTo(
                        java.util.stream.IntStream.range(0, 15)
                                .mapToDouble(i -> (double) x.toFloatArray()[i] * x.toFloatArray()[i])
                                .sum(),
                        within(1e-5));
        Tensor sums = Tensor.zeros(3);
        sums.fill(1f);
        reference.elementwise().sumRowsInto(x, sums);
        double expected = 1;
        for (int row = 0; row < 5; row++) {
            expected += x.get(row, 2);
        }
        assertThat((double) sums.get(2)).isCloseTo(expected, within(1e-5));
        Tensor table = Tensor.zeros(4, 3);
        reference.rows().scatterAddRows(x, new int[] {1, 1, 3, 1, 0}, table);
        assertThat((double) table.get(1, 0)).isCloseTo((double) x.get(0, 0) + x.get(1, 0) + x.get(3, 0), within(1e-6));
        assertThat(table.get(2, 1)).isZero();
        Tensor gathered = Tensor.zeros(2, 3);
        reference.rows().gatherRows(table, new int[] {3, 0}, gathered);
        assertThat(gathered.get(0, 2)).isEqualTo(x.get(2, 2));
        assertThat(gathered.get(1, 1)).isEqualTo(x.get(4, 1));
    }
}
