// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Gelu;
import dev.jacobian.autograd.Silu;
import dev.jacobian.autograd.SquaredRelu;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.GeluForm;
import dev.jacobian.transformer.plan.Activation;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.Role;
import java.util.function.UnaryOperator;

/** The MLP without a gate: down(activation(up(x))). */
final class PlainMlp implements UnaryOperator<Var> {
    private final Activation activation;
    private final Projection up;
    private final Projection down;

    PlainMlp(FeedForward.Plain plan, int layer, ModelWeights weights) {
        activation = plan.activation();
        up = weights.projection(Role.UP, layer);
        down = weights.projection(Role.DOWN, layer);
    }

    /** x [N, D] to [N, D]. */
    @Override
    public Var apply(Var x) {
        Var inner = up.apply(x); // [N, inner]
        return down.apply(
                switch (activation) {
                    case SILU -> Silu.silu(inner);
                    case GELU -> Gelu.gelu(inner, GeluForm.EXACT);
                    case GELU_TANH -> Gelu.gelu(inner, GeluForm.TANH);
                    case SQUARED_RELU -> SquaredRelu.squaredRelu(inner);
                });
    }
}
