// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.SwiGlu;
import dev.jacobian.autograd.Var;
import dev.jacobian.transformer.plan.Activation;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.Role;

/** The gated MLP: down(activation(gate(x)) · up(x)). */
final class Mlp {
    private final Activation activation;
    private final Projection gate;
    private final Projection up;
    private final Projection down;

    Mlp(FeedForward.Gated plan, int layer, ModelWeights weights) {
        activation = plan.activation();
        gate = weights.projection(Role.GATE, layer);
        up = weights.projection(Role.UP, layer);
        down = weights.projection(Role.DOWN, layer);
    }

    /** x [N, D] to [N, D]. */
    Var apply(Var x) {
        return down.apply(
                switch (activation) {
                    case SILU -> SwiGlu.swiGlu(gate.apply(x), up.apply(x)); // [N, inner]
                });
    }
}
