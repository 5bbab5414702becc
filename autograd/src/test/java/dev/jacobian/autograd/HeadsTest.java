// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import static dev.jacobian.autograd.GradientCheck.check;
import static dev.jacobian.autograd.GradientCheck.normal;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.autograd.Heads.Part;
import dev.jacobian.tensor.Tensor;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class HeadsTest {
    @Test
    @DisplayName("by hand: parts of each head, a part that all share, zeros; a shared part gets the sum back")
    void byHand() {
        Parameter own = Var.parameter("own", Tensor.of(new float[] {1, 2, 3, 4}, 1, 4));
        Parameter shared = Var.parameter("shared", Tensor.of(new float[] {9}, 1, 1));
        Var heads = Heads.join(2, 4, new Part(own, 2), new Part(shared, 1));
        assertThat(heads.value().toFloatArray()).containsExactly(1, 2, 9, 0, 3, 4, 9, 0);
        heads.backward(Tensor.of(new float[] {1, 2, 3, 100, 5, 6, 7, 100}, 1, 8));
        assertThat(own.grad().orElseThrow().toFloatArray()).containsExactly(1, 2, 5, 6);
        assertThat(shared.grad().orElseThrow().toFloatArray()).containsExactly(10);
        Var first = Heads.first(Var.constant(heads.value()), 2, 3);
        assertThat(first.value().toFloatArray()).containsExactly(1, 2, 9, 3, 4, 9);
    }

    @Test
    @DisplayName("gradients")
    void gradients() {
        int n = 5;
        check(
                v -> Heads.first(Heads.join(3, 9, new Part(v[0], 3), new Part(v[1], 1)), 3, 5),
                in -> {
                    double[] y = new double[n * 3 * 5];
                    for (int i = 0; i < y.length; i++) {
                        int row = i / 15;
                        int head = i / 5 % 3;
                        int element = i % 5;
                        y[i] = element < 4 ? in[0][(row * 3 + head) * 4 + element] : in[1][row * 3];
                    }
                    return y;
                },
                normal(1, n, 12),
                normal(2, n, 3));
    }

    @Test
    @DisplayName("what does not fit")
    void refused() {
        Var x = Var.constant(normal(3, 2, 6));
        assertThatThrownBy(() -> Heads.join(3, 1, new Part(x, 3))).hasMessageContaining("do not fit");
        assertThatThrownBy(() -> Heads.join(3, 6, new Part(x, 2))).hasMessageContaining("2 heads of 3");
    }
}
