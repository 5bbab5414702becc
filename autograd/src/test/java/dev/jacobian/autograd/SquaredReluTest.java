// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import static dev.jacobian.autograd.GradientCheck.check;
import static dev.jacobian.autograd.GradientCheck.normal;
import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class SquaredReluTest {
    /** max(x, 0)² of 3 is 9 with the slope 6; of −2 and 0 both are 0. */
    @Test
    void byHand() {
        Parameter x = Var.parameter("x", Tensor.of(new float[] {3, -2, 0, 0.5f}, 4));
        Var y = SquaredRelu.squaredRelu(x);
        assertThat(y.value().toFloatArray()).containsExactly(9, 0, 0, 0.25f);
        Reduction.sum(y).backward();
        assertThat(x.grad().orElseThrow().toFloatArray()).containsExactly(6, 0, 0, 1);
    }

    @Test
    void finiteDifferences() {
        for (int d : new int[] {1, 5, 16, 37}) {
            check(
                    v -> SquaredRelu.squaredRelu(v[0]),
                    in -> Arrays.stream(in[0])
                            .map(z -> Math.max(z, 0) * Math.max(z, 0))
                            .toArray(),
                    normal(1, 3, d));
        }
    }
}
