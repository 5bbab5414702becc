// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import static dev.jacobian.autograd.GradientCheck.assertClose;
import static dev.jacobian.autograd.GradientCheck.check;
import static dev.jacobian.autograd.GradientCheck.doubles;
import static dev.jacobian.autograd.GradientCheck.normal;
import static dev.jacobian.testing.Bits.assertBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.autograd.Experts.Routing;
import dev.jacobian.tensor.SigmoidRouter;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ExpertsTest {
    /** softmax(0, ln 3) = (¼, ¾): expert 1 is chosen with ¾, whose slopes are ¾ · ¼ and −¾ · ¼. */
    @Test
    void routingByHand() {
        Parameter logits = Var.parameter("logits", Tensor.of(new float[] {0, (float) Math.log(3)}, 1, 2));
        Routing routing = Experts.route(logits, 1, false);
        assertClose("weight", doubles(routing.weights().value()), new double[] {0.75}, 1e-6);
        assertThat(routing.order().offsets().ints()).containsExactly(0, 0, 1);
        Reduction.sum(routing.weights()).backward();
        double[] slopes = {-0.1875, 0.1875};
        assertClose("slopes", doubles(logits.grad().orElseThrow()), slopes, 1e-6);

        Var normalized = Experts.route(logits, 1, true).weights();
        assertThat(normalized.value().toFloatArray()).containsExactly(1f);
        logits.clearGrad();
        Reduction.sum(normalized).backward(); // always 1
        assertThat(logits.grad().orElseThrow().toFloatArray()).containsOnly(0f);
    }

    /**
     * Token 0 goes to expert 1 (row 1), token 1 to expert 0 (row 0), each with weight 1. Expert 0 doubles, expert 1 multiplies
     * by −3.
     */
    @Test
    void rowsByHand() {
        Var logits = Var.constant(Tensor.of(new float[] {0, 9, 9, 0}, 2, 2));
        Parameter x = Var.parameter("x", Tensor.of(new float[] {10, 20}, 2, 1));
        Parameter weights = Var.parameter("w", Tensor.of(new float[] {2, -3}, 2, 1, 1));
        Routing routing = Experts.route(logits, 1, true);
        assertThat(routing.order().tokenOfRow().ints()).containsExactly(1, 0);
        Var rows = Experts.spread(x, routing.order());
        assertThat(rows.value().toFloatArray()).containsExactly(20, 10);
        Var y = Experts.combine(Experts.linear(rows, weights, routing.order()), routing);
        assertThat(y.value().toFloatArray()).containsExactly(-30, 40);
        y.backward(Tensor.of(new float[] {1, 100}, 2, 1));
        assertThat(x.grad().orElseThrow().toFloatArray()).containsExactly(-3, 200);
        assertThat(weights.grad().orElseThrow().toFloatArray()).containsExactly(2000, 10);
    }

    /** A layer of experts with two products, against the sum over chosen experts in double; choices do not change on the way. */
    @Test
    void finiteDifferences() {
        for (boolean normalize : new boolean[] {false, true}) {
            for (int[] shape : new int[][] {{1, 1, 1}, {6, 4, 2}, {9, 5, 3}}) {
                int n = shape[0];
                int experts = shape[1];
                int k = shape[2];
                int d = 5;
                int m = 3;
                check(
                        v -> layer(v, k, normalize),
                        in -> layer(in, n, experts, k, d, m, normalize),
                        normal(1, n, experts),
                        normal(2, n, d),
                        normal(3, experts, m, d),
                        normal(4, experts, d, m),
                        normal(5, experts, m));
            }
        }
    }

    private static Var layer(Var[] v, int k, boolean normalize) {
        Routing routing = Experts.route(v[0], k, normalize);
        Var h = Experts.linear(Experts.spread(v[1], routing.order()), v[2], Optional.of(v[4]), routing.order());
        return Experts.combine(Experts.linear(h, v[3], routing.order()), routing);
    }

    private static double[] layer(double[][] in, int n, int experts, int k, int d, int m, boolean normalize) {
        double[] y = new double[n * d];
        for (int token = 0; token < n; token++) {
            double[] p = Arrays.stream(in[0], token * experts, (token + 1) * experts)
                    .map(Math::exp)
                    .toArray();
            double[] sorted = p.clone();
            Arrays.sort(sorted);
            double least = sorted[experts - k];
            double sum = Arrays.stream(p).filter(e -> !normalize || e >= least).sum();
            for (int expert = 0; expert < experts; expert++) {
                for (int i = 0; i < d && p[expert] >= least; i++) {
                    double out = 0;
                    for (int j = 0; j < m; j++) {
                        double h = in[4][expert * m + j];
                        for (int c = 0; c < d; c++) {
                            h += in[2][(expert * m + j) * d + c] * in[1][token * d + c];
                        }
                        out += in[3][(expert * d + i) * m + j] * h;
                    }
                    y[token * d + i] += p[expert] / sum * out;
                }
            }
        }
        return y;
    }

    /** Weights of chosen experts by sigmoids, against the formula in double; choices do not change on the way. */
    @Test
    void finiteDifferencesOfSigmoids() {
        for (boolean normalize : new boolean[] {false, true}) {
            SigmoidRouter form = new SigmoidRouter(normalize, 1.5f, 1, 1);
            check(
                    v -> Experts.routeBySigmoid(v[0], Optional.empty(), 2, form).weights(),
                    in -> {
                        double[] w = new double[4 * 2];
                        for (int token = 0; token < 4; token++) {
                            double[] best = Arrays.stream(in[0], token * 5, token * 5 + 5)
                                    .map(z -> 1 / (1 + Math.exp(-z)))
                                    .sorted()
                                    .toArray();
                            double factor = 1.5 / (normalize ? best[4] + best[3] : 1);
                            w[2 * token] = factor * best[4];
                            w[2 * token + 1] = factor * best[3];
                        }
                        return w;
                    },
                    normal(8, 4, 5));
        }
        check(
                v -> Experts.timesSigmoid(v[0], v[1]),
                in -> {
                    double[] y = in[0].clone();
                    for (int i = 0; i < y.length; i++) {
                        y[i] /= 1 + Math.exp(-in[1][i / 5]);
                    }
                    return y;
                },
                normal(9, 3, 5),
                normal(10, 3, 1));
    }

    /** Frozen weights of experts give the bits of the same numbers in one tensor, and their rows' gradient. */
    @Test
    void frozenExperts() {
        Tensor weights = normal(11, 4, 6, 5);
        Tensor biases = normal(12, 4, 6);
        List<FrozenWeight> frozen = new ArrayList<>();
        for (int expert = 0; expert < 4; expert++) {
            frozen.add(FrozenWeight.of("w" + expert, weights.select(0, expert), WeightFormat.F32));
        }
        Routing routing = Experts.route(Var.constant(normal(13, 7, 4)), 2, true);
        Var[] out = new Var[2];
        Parameter[] rows = new Parameter[2];
        for (int i = 0; i < 2; i++) {
            rows[i] = Var.parameter("rows", normal(14, 14, 5));
            ExpertWeights held =
                    i == 0 ? new ExpertWeights.Together(Var.constant(weights)) : new ExpertWeights.Each(frozen);
            out[i] = Experts.linear(rows[i], held, Optional.of(Var.constant(biases)), routing.order());
            out[i].backward(normal(15, 14, 6));
        }
        assertBits("values", out[1].value().toFloatArray(), out[0].value().toFloatArray());
        assertBits(
                "gradients",
                rows[1].grad().orElseThrow().toFloatArray(),
                rows[0].grad().orElseThrow().toFloatArray());
        assertThatThrownBy(() -> Experts.linear(
                        rows[0], new ExpertWeights.Each(frozen.subList(0, 3)), Optional.empty(), routing.order()))
                .hasMessageContaining("3 weights");
    }

    @Test
    void whatDoesNotFit() {
        Var logits = Var.constant(normal(5, 3, 4));
        assertThatThrownBy(() -> Experts.route(logits, 5, true)).hasMessageContaining("5 of 4 experts");
        Routing routing = Experts.route(logits, 2, true);
        assertThatThrownBy(() -> Experts.spread(Var.constant(normal(6, 2, 8)), routing.order()))
                .hasMessageContaining("the routing is of 3 tokens");
        assertThatThrownBy(() -> Experts.linear(
                        Var.constant(normal(6, 6, 8)), Var.parameter("w", normal(7, 4, 2, 9)), routing.order()))
                .hasMessageContaining("[4, 2, 9]");
    }
}
