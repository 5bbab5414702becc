// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Gelu;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.GeluForm;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.Role;
import java.util.function.UnaryOperator;

/** The MLP without a gate: down(gelu(up(x))). */
final class PlainMlp implements UnaryOperator<Var> {
    private final GeluForm form;
    private final Projection up;
    private final Projection down;

    /**
     * The feed-forward of a layer.
     *
     * @throws IllegalArgumentException if the activation is not GELU
     */
    PlainMlp(FeedForward.Plain plan, int layer, ModelWeights weights) {
        form = switch (plan.activation()) {
            case GELU -> GeluForm.EXACT;
            case GELU_TANH -> GeluForm.TANH;
            case SILU ->
                throw new IllegalArgumentException(
                        "layer " + layer + " has a plain feed-forward with silu; only gelu is computed there");
        };
        up = weights.projection(Role.UP, layer);
        down = weights.projection(Role.DOWN, layer);
    }

    /** x [N, D] to [N, D]. */
    @Override
    public Var apply(Var x) {
        return down.apply(Gelu.gelu(up.apply(x), form));
    }
}
