// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import static dev.jacobian.tensor.Numbers.normal;
import static dev.jacobian.tensor.Numbers.wild;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Mixture of experts on the tested backend, against the reference, bit for bit. */
class ExpertsConformanceTest {
    private final Conformance conformance = new Conformance();
    private final int threads = ComputePool.threads();

    @AfterEach
    void restoreThreads() {
        ComputePool.setThreads(threads);
    }

    @Test
    void routing() {
        Rng rng = new Rng(54, 0);
        for (int experts : new int[] {1, 2, 8, 15, 16, 17, 60, 256}) {
            for (int n : new int[] {0, 1, 19}) {
                route(normal(rng, n, experts), Math.min(4, experts), rng);
                route(wild(rng, n, experts), Math.min(3, experts), rng);
                route(withEquals(rng, n, experts), Math.min(8, experts), rng);
            }
        }
    }

    /** Whole numbers and zeros of both signs. */
    private static Tensor withEquals(Rng rng, int n, int experts) {
        Tensor logits = normal(rng, n, experts);
        for (int i = 0; i < logits.elements(); i++) {
            int at = logits.offset() + i;
            logits.floats()[at] = rng.nextInt(3) == 0 ? -0f : Math.round(logits.floats()[at]);
        }
        return logits;
    }

    private void route(Tensor logits, int k, Rng rng) {
        int n = logits.extent(0);
        int experts = logits.extent(1);
        Tensor dWeights = normal(rng, n, k);
        for (boolean normalize : new boolean[] {false, true}) {
            String what = experts + " experts, top " + k + (normalize ? ", normalized" : "");
            Tensor chosen = Tensor.of(new int[n * k], n, k);
            conformance.compare(
                    "route " + what,
                    (b, o) -> b.experts().route(logits, normalize, o[0], o[1]),
                    chosen,
                    Tensor.zeros(n, k));
            conformance.reference.experts().route(logits, normalize, chosen, Tensor.zeros(n, k));
            conformance.compare(
                    "route backward " + what,
                    (b, o) -> b.experts().routeBackward(logits, normalize, chosen, dWeights, o[0]),
                    normal(rng, n, experts));
        }
    }

    @Test
    void routingBySigmoid() {
        Rng rng = new Rng(57, 0);
        for (int experts : new int[] {1, 2, 8, 16, 60, 256}) {
            for (int n : new int[] {0, 1, 19}) {
                for (int groups : new int[] {1, 2, 4}) {
                    if (experts % groups == 0) {
                        routeBySigmoid(normal(rng, n, experts), groups, rng);
                        routeBySigmoid(wild(rng, n, experts), groups, rng);
                        routeBySigmoid(withEquals(rng, n, experts), groups, rng);
                    }
                }
            }
        }
    }

    private void routeBySigmoid(Tensor logits, int groups, Rng rng) {
        int n = logits.extent(0);
        int experts = logits.extent(1);
        int k = Math.min(3, experts);
        Tensor correction = normal(rng, experts);
        Tensor dWeights = normal(rng, n, k);
        for (boolean normalize : new boolean[] {false, true}) {
            SigmoidRouter form = new SigmoidRouter(normalize, 2.5f, groups, Math.max(1, groups / 2));
            String what = experts + " experts, top " + k + ", " + form;
            Tensor chosen = Tensor.of(new int[n * k], n, k);
            for (Tensor corrected : new Tensor[] {null, correction}) {
                conformance.compare(
                        "route " + what,
                        (b, o) -> b.experts().routeBySigmoid(logits, corrected, form, o[0], o[1]),
                        chosen,
                        Tensor.zeros(n, k));
            }
            conformance.reference.experts().routeBySigmoid(logits, correction, form, chosen, Tensor.zeros(n, k));
            conformance.compare(
                    "route backward " + what,
                    (b, o) -> b.experts().routeBySigmoidBackward(logits, form, chosen, dWeights, o[0]),
                    normal(rng, n, experts));
        }
    }

    /** Of the groups {0, 1}, {2, 3}, {4, 5} the second and third have the best pairs; expert 0 alone would be the best. */
    @Test
    void groupsCompeteByTheirTwoBest() {
        Tensor logits = Tensor.of(new float[] {9, -9, 1, 2, 3, 0}, 1, 6);
        Tensor chosen = Tensor.of(new int[3], 1, 3);
        Tensor weights = Tensor.zeros(1, 3);
        SigmoidRouter form = new SigmoidRouter(true, 2, 3, 2);
        conformance.reference.experts().routeBySigmoid(logits, null, form, chosen, weights);
        assertThat(chosen.ints()).containsExactly(4, 3, 2);
        float[] w = weights.floats();
        assertThat(w[0] + w[1] + w[2]).isBetween(2 - 4e-7f, 2 + 4e-7f);
        // a correction decides who is chosen, and is not in the weights
        Tensor correction = Tensor.of(new float[] {0, 2, 0, 0, 0, 0}, 6);
        conformance.reference.experts().routeBySigmoid(logits, correction, form, chosen, weights);
        assertThat(chosen.ints()).containsExactly(1, 0, 3);
        assertThat(w[0]).isLessThan(1e-3f);
    }

    @Test
    void ofEqualsTheLowerExpertComesFirst() {
        Tensor logits = Tensor.of(new float[] {1, 3, 3, -0f, 0f, -1}, 1, 6);
        Tensor chosen = Tensor.of(new int[4], 1, 4);
        Tensor weights = Tensor.zeros(1, 4);
        conformance.reference.experts().route(logits, true, chosen, weights);
        assertThat(chosen.ints()).containsExactly(1, 2, 0, 3);
        float[] w = weights.floats();
        assertThat(w[0]).isEqualTo(w[1]);
        assertThat(w[0] + w[1] + w[2] + w[3]).isBetween(1 - 2e-7f, 1 + 2e-7f);
    }

    @Test
    void rowsAndProducts() {
        Rng rng = new Rng(55, 0);
        check(rng, 0, 3, 2, 5, 4);
        check(rng, 1, 1, 1, 1, 1);
        check(rng, 7, 3, 2, 20, 33);
        check(rng, 70, 5, 1, 17, 16);
        check(rng, 150, 4, 3, 65, 40); // experts with several tiles
        check(rng, 40, 64, 2, 31, 7); // experts without rows
    }

    @Test
    void threadsDoNotChangeBits() {
        Rng rng = new Rng(56, 0);
        for (int count : new int[] {1, 2, 5}) {
            ComputePool.setThreads(count);
            check(rng, 600, 6, 2, 96, 64);
            route(normal(rng, 900, 64), 4, rng);
        }
    }

    private void check(Rng rng, int n, int experts, int k, int d, int m) {
        int[] choices = new int[n * k];
        for (int i = 0; i < choices.length; i++) {
            choices[i] = rng.nextInt(experts);
        }
        Tensor chosen = Tensor.of(choices, n, k);
        ExpertOrder order = ExpertOrder.of(chosen, experts);
        String what = n + " tokens, " + experts + " experts, top " + k;
        conformance.compare(
                "order of " + what,
                (b, o) -> b.experts().order(chosen, new ExpertOrder(k, o[0], o[1], o[2], o[3])),
                order.offsets(),
                order.rowOfPair(),
                order.tokenOfRow(),
                order.tiles());
        conformance.reference.experts().order(chosen, order);

        Tensor x = wild(rng, n, d);
        Tensor rows = normal(rng, n * k, d);
        Tensor weights = normal(rng, n, k);
        conformance.compare("spread " + what, (b, o) -> b.experts().spread(x, order, o[0]), rows);
        conformance.compare("combine " + what, (b, o) -> b.experts().combine(rows, order, weights, o[0]), x);
        conformance.compare("sum " + what, (b, o) -> b.experts().combine(rows, order, null, o[0]), x);
        conformance.compare(
                "combine backward " + what,
                (b, o) -> b.experts().combineBackward(x, rows, order, weights, o[0], o[1]),
                rows,
                weights);

        Tensor matrices = normal(rng, experts, m, d);
        Tensor dOut = normal(rng, n * k, m);
        conformance.compare("grouped " + what, (b, o) -> b.experts().groupedMatmul(rows, matrices, order, o[0]), dOut);
        Tensor biases = normal(rng, experts, m);
        conformance.compare("biases " + what, (b, o) -> b.experts().addBiases(o[0], biases, order), dOut);
        conformance.compare(
                "biases' gradient " + what, (b, o) -> b.experts().biasesGradient(dOut, order, o[0]), biases);
        conformance.compare(
                "grouped input gradient " + what,
                (b, o) -> b.experts().groupedInputGradient(dOut, matrices, order, o[0]),
                rows);
        conformance.compare(
                "grouped weight gradient " + what,
                (b, o) -> b.experts().groupedWeightGradient(dOut, rows, order, o[0]),
                matrices);
    }
}
