// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import static dev.jacobian.autograd.GradientCheck.assertGradient;
import static dev.jacobian.autograd.GradientCheck.assertValue;
import static dev.jacobian.autograd.GradientCheck.backward;
import static dev.jacobian.autograd.GradientCheck.by;
import static dev.jacobian.autograd.GradientCheck.matrix;
import static dev.jacobian.autograd.GradientCheck.normal;
import static dev.jacobian.testing.Bits.assertBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A frozen weight against a variable that holds the unpacked numbers: values and gradients, bit for bit. */
class FrozenWeightTest {
    private static final int K = 70;
    private static final int M = 45;

    private final Tensor weight = normal(1, M, K); // [M, K]

    private static Var thawed(FrozenWeight frozen) {
        return Var.parameter(
                "w", Backends.cpu().matrices().unpack(frozen.packed()).t());
    }

    @Test
    @DisplayName("by hand: y = x·Wᵀ, and dx = dy·W although W has no gradient")
    void byHand() {
        Parameter x = matrix(by(1, 2), 1, 2);
        Tensor small = Tensor.of(new float[] {3, 4, 5, 6}, 2, 2); // BF16 holds these exactly
        Var y = Linear.linear(x, FrozenWeight.of("w", small, WeightFormat.BF16), Optional.empty());
        assertValue(y, 1 * 3 + 2 * 4, 1 * 5 + 2 * 6);
        backward(y, 1, 10);
        assertGradient(x, 1 * 3 + 10 * 5, 1 * 4 + 10 * 6);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_NONE, names = ".*_K")
    @DisplayName("linear: y, dx and db")
    void linear(WeightFormat format) {
        FrozenWeight frozen = FrozenWeight.of("w", weight, format);
        Parameter[] x = new Parameter[2];
        Parameter[] bias = new Parameter[2];
        Var[] y = new Var[2];
        LinearWeight[] weights = {frozen, thawed(frozen)};
        for (int i = 0; i < 2; i++) {
            x[i] = Var.parameter("x", normal(2, 6, K)); // [N, K]
            bias[i] = Var.parameter("b", normal(3, M));
            y[i] = Linear.linear(x[i], weights[i], Optional.of(bias[i])); // [N, M]
            y[i].backward(normal(4, 6, M));
        }
        assertBits("y", y[0].value().toFloatArray(), y[1].value().toFloatArray());
        assertBits(
                "dx",
                x[0].grad().orElseThrow().toFloatArray(),
                x[1].grad().orElseThrow().toFloatArray());
        assertBits(
                "db",
                bias[0].grad().orElseThrow().toFloatArray(),
                bias[1].grad().orElseThrow().toFloatArray());
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.MATCH_NONE, names = ".*_K")
    @DisplayName("the fused head: log-probabilities and dhidden")
    void head(WeightFormat format) {
        FrozenWeight frozen = FrozenWeight.of("w", weight, format);
        int[] rows = {4, 0, 2, 2};
        int[] targets = {0, 44, 3, 17};
        Parameter[] hidden = new Parameter[2];
        Var[] logProbs = new Var[2];
        LinearWeight[] weights = {frozen, thawed(frozen)};
        for (int i = 0; i < 2; i++) {
            hidden[i] = Var.parameter("h", normal(5, 6, K)); // [N, D]
            logProbs[i] = TokenLogProbs.tokenLogProbs(hidden[i], weights[i], rows, targets, 0.7f)
                    .logProbs();
            logProbs[i].backward(normal(6, rows.length));
        }
        assertBits(
                "log-probabilities",
                logProbs[0].value().toFloatArray(),
                logProbs[1].value().toFloatArray());
        assertBits(
                "dhidden",
                hidden[0].grad().orElseThrow().toFloatArray(),
                hidden[1].grad().orElseThrow().toFloatArray());
    }

    @Test
    @DisplayName("a weight whose gradient takes several blocks")
    void blocks() {
        FrozenWeight frozen = FrozenWeight.of("w", normal(7, 1500, 1000), WeightFormat.BF16);
        Parameter x = Var.parameter("x", normal(8, 2, 1000)); // [N, K]
        Tensor dOut = normal(9, 2, 1500); // [N, M]
        Linear.linear(x, frozen, Optional.empty()).backward(dOut);
        Tensor expected = Tensor.zeros(2, 1000); // [N, K]
        Backends.reference().matrices().matmul(dOut, thawed(frozen).value(), expected, false);
        assertBits("dx", x.grad().orElseThrow().toFloatArray(), expected.toFloatArray());
    }

    @Test
    @DisplayName("a constant input needs no gradient, and a wrong width is refused by name")
    void edges() {
        FrozenWeight frozen = FrozenWeight.of("model.w", weight, WeightFormat.Q4_0);
        Var y = Linear.linear(Var.constant(normal(2, 3, K)), frozen, Optional.empty());
        assertThat(y.requiresGrad()).isFalse();
        assertThatThrownBy(() -> Linear.linear(Var.constant(normal(2, 3, K + 1)), frozen, Optional.empty()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("model.w")
                .hasMessageContaining("70 inputs, expected 71");
    }
}
