// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import static dev.jacobian.autograd.GradientCheck.assertClose;
import static dev.jacobian.autograd.GradientCheck.assertGradient;
import static dev.jacobian.autograd.GradientCheck.assertValue;
import static dev.jacobian.autograd.GradientCheck.by;
import static dev.jacobian.autograd.GradientCheck.check;
import static dev.jacobian.autograd.GradientCheck.doubles;
import static dev.jacobian.autograd.GradientCheck.matrix;
import static dev.jacobian.autograd.GradientCheck.normal;
import static dev.jacobian.testing.Bits.assertBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class LoadBalanceTest {
    /**
     * Both tokens choose expert 1 of softmax (¼, ¾): f = (0, 1), P = (¼, ¾), the loss 2 · ¾. A logit's slope is 2/2 · p · (f − ¾):
     * ∓3/16.
     */
    @Test
    void byHand() {
        float ln3 = (float) Math.log(3);
        Parameter logits = matrix(by(2, 2), 0, ln3, 0, ln3);
        LoadBalance balance = new LoadBalance(Device.CPU, 2);
        Var weights = Experts.route(logits, 1, true, Optional.of(balance)).weights(); // always 1: no slope of their own
        Var loss = balance.loss(weights);
        assertValue(loss, 1.5);
        loss.backward();
        assertGradient(logits, -0.1875, 0.1875, -0.1875, 0.1875);
    }

    @Test
    @DisplayName("two routers under one loss, by the formula in double; choices do not change on the way")
    void finiteDifferences() {
        for (int k = 1; k <= 4; k++) {
            int chosen = k;
            check(v -> loss(v, chosen), in -> new double[] {loss(in, 5, chosen)}, normal(1, 7, 5), normal(2, 7, 5));
        }
    }

    private static Var loss(Var[] logits, int k) {
        LoadBalance balance = new LoadBalance(Device.CPU, 5);
        Var hidden = Var.constant(Tensor.zeros(7, k));
        for (Var own : logits) {
            hidden = Elementwise.add(
                    hidden, Experts.route(own, k, false, Optional.of(balance)).weights());
        }
        return balance.loss(hidden);
    }

    private static double loss(double[][] logits, int experts, int k) {
        double[] f = new double[experts];
        double[] p = new double[experts];
        int rows = 0;
        for (double[] own : logits) {
            for (int row = 0; row < own.length; row += experts) {
                double[] e =
                        Arrays.stream(own, row, row + experts).map(Math::exp).toArray();
                double least = Arrays.stream(e).sorted().toArray()[experts - k];
                double sum = Arrays.stream(e).sum();
                for (int i = 0; i < experts; i++) {
                    f[i] += e[i] >= least ? 1 : 0;
                    p[i] += e[i] / sum;
                }
                rows++;
            }
        }
        double n = rows;
        return IntStream.range(0, experts).mapToDouble(i -> f[i] / n * p[i] / n).sum() * experts;
    }

    @Test
    @DisplayName("a layer that is computed again is counted once, and its gradient has the same bits")
    void checkpointed() {
        float[][] gradients = new float[2][];
        for (int run = 0; run < 2; run++) {
            boolean checkpoints = run == 1;
            Parameter x = Var.parameter("x", normal(3, 6, 4));
            LoadBalance balance = new LoadBalance(Device.CPU, 4);
            Var weights = checkpoints ? Checkpoint.checkpoint(x, in -> weights(in, balance)) : weights(x, balance);
            Var loss = balance.loss(weights);
            Elementwise.add(Reduction.weightedSum(loss, new float[] {0.3f}), Reduction.sum(weights))
                    .backward();
            gradients[run] = x.grad().orElseThrow().toFloatArray();
            assertClose("loss", doubles(loss.value()), new double[] {
                loss(new double[][] {doubles(normal(3, 6, 4))}, 4, 2)
            });
        }
        assertBits("checkpointed", gradients[1], gradients[0]);
    }

    private static Var weights(Var logits, LoadBalance balance) {
        return Experts.route(logits, 2, false, Optional.of(balance)).weights();
    }

    @Test
    @DisplayName("experts that are used alike give k, experts of which the same always win up to E")
    void range() {
        LoadBalance alike = new LoadBalance(Device.CPU, 4);
        Tensor turns = Tensor.zeros(4, 4);
        for (int i = 0; i < 4; i++) {
            turns.floats()[5 * i] = 1;
            turns.floats()[4 * i + (i + 1) % 4] = 1;
        }
        Var routed = weights(Var.constant(turns), alike);
        assertValue(alike.loss(routed), 2);
        LoadBalance collapsed = new LoadBalance(Device.CPU, 4);
        routed = Experts.route(
                        Var.constant(Tensor.of(new float[] {90, 0, 0, 0}, 1, 4)), 1, true, Optional.of(collapsed))
                .weights();
        assertValue(collapsed.loss(routed), 4);
    }

    @Test
    @DisplayName(
            "a loss that is not walked back gives no gradient; nothing chosen and other counts of experts are refused")
    void misuse() {
        Parameter logits = Var.parameter("logits", normal(4, 3, 4));
        LoadBalance balance = new LoadBalance(Device.CPU, 4);
        Var weights = Experts.route(logits, 2, true, Optional.of(balance)).weights();
        assertThat(balance.loss(weights).value().elements()).isEqualTo(1);
        weights.backward(Tensor.zeros(3, 2));
        assertThat(logits.grad().orElseThrow().toFloatArray()).containsOnly(0f);

        LoadBalance empty = new LoadBalance(Device.CPU, 4);
        assertThatThrownBy(() -> empty.loss(weights)).hasMessageContaining("no router has chosen");
        assertThatThrownBy(() -> Experts.route(Var.constant(normal(5, 3, 5)), 2, true, Optional.of(empty)))
                .hasMessageContaining("5 experts, others among 4");
    }
}
