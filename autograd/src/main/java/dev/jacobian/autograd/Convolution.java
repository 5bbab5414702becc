// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Depthwise causal convolution over packed segments: each channel by itself looks at its last few numbers.
 *
 * <p>Both forms are the same sums in the same order, so scoring a batch and decoding token by token give the same bits. Only the
 * form without states can be differentiated.
 */
public final class Convolution {
    private Convolution() {}

    /**
     * {@code y[t, c] = b[c] + Σ_j w[c, j] · x[t − K + 1 + j, c]}, where rows before the beginning of a sequence are 0.
     *
     * <p>dx[r, c] = Σ w[c, j] · dy[t, c] and dw[c, j] = Σ dy[t, c] · x[r, c] over all t and j with r = t − K + 1 + j, db[c] = Σ_t dy[t, c].
     *
     * @param x [N, C]
     * @param weight [C, 1, K]
     * @param bias [C], or empty
     * @return [N, C]
     */
    public static Var causal(Var x, Var weight, Optional<Var> bias, Segments segments) {
        check(x, weight, bias, segments);
        Tensor out = x.like();
        Tensor shift = bias.map(Var::value).orElse(null);
        x.backend().recurrent().convolution(x.value(), weight.value(), shift, segments, List.of(), out);
        List<Var> inputs = new ArrayList<>(List.of(x, weight));
        bias.ifPresent(inputs::add);
        return Operation.of("convolution", inputs.toArray(Var[]::new)).result(out, dOut -> {
            Tensor dX = x.like();
            Tensor dWeight = weight.requiresGrad() ? weight.gradToAddInto() : null; // [C, 1, K]
            x.backend().recurrent().convolutionBackward(dOut, x.value(), weight.value(), segments, dX, dWeight);
            x.give(dX);
            if (bias.isPresent() && bias.get().requiresGrad()) {
                x.backend().elementwise().sumRowsInto(dOut, bias.get().gradToAddInto());
            }
        });
    }

    /**
     * The same for sequences that began earlier. Not differentiable.
     *
     * @param states of each segment the K − 1 rows before it, [K − 1, C]; brought up to date
     */
    public static Var continued(Var x, Var weight, Optional<Var> bias, Segments segments, List<Tensor> states) {
        check(x, weight, bias, segments);
        int[] shape = {weight.value().extent(2) - 1, x.value().extent(1)};
        States.require("convolution", states, segments, shape);
        Tensor out = x.like();
        Tensor shift = bias.map(Var::value).orElse(null);
        x.backend().recurrent().convolution(x.value(), weight.value(), shift, segments, states, out);
        return Var.constant(out);
    }

    private static void check(Var x, Var weight, Optional<Var> bias, Segments segments) {
        Shapes.requireRank("convolution", "x", x.value(), 2);
        Shapes.requireRank("convolution", weight.name(), weight.value(), 3);
        int channels = x.value().extent(1);
        Shapes.require(
                "convolution",
                "weight " + weight.name(),
                weight.value(),
                channels,
                1,
                Math.max(1, weight.value().extent(2)));
        bias.ifPresent(b -> Shapes.require("convolution", "bias " + b.name(), b.value(), channels));
        Shapes.require("convolution", "x", x.value(), segments.rows(), channels);
    }
}
