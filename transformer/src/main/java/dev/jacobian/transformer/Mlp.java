// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Elementwise;
import dev.jacobian.autograd.GeGlu;
import dev.jacobian.autograd.SquaredRelu;
import dev.jacobian.autograd.SwiGlu;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.GeluForm;
import dev.jacobian.transformer.plan.Activation;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.Role;
import java.util.function.UnaryOperator;

/** The gated MLP: down(activation(gate(x)) · up(x)). */
final class Mlp implements UnaryOperator<Var> {
    private final Activation activation;
    private final Projection gate;
    private final Projection up;
    private final Projection down;

    private Mlp(Activation activation, Projection gate, Projection up, Projection down) {
        this.activation = activation;
        this.gate = gate;
        this.up = up;
        this.down = down;
    }

    /** The feed-forward of a layer. */
    static Mlp of(FeedForward.Gated plan, int layer, ModelWeights weights) {
        return new Mlp(
                plan.activation(),
                weights.projection(Role.GATE, layer),
                weights.projection(Role.UP, layer),
                weights.projection(Role.DOWN, layer));
    }

    /** The feed-forward beside the experts of a layer. */
    static Mlp shared(int layer, ModelWeights weights) {
        return new Mlp(
                Activation.SILU,
                weights.projection(Role.SHARED_GATE, layer),
                weights.projection(Role.SHARED_UP, layer),
                weights.projection(Role.SHARED_DOWN, layer));
    }

    /** x [N, D] to [N, D]. */
    @Override
    public Var apply(Var x) {
        Var gates = gate.apply(x); // [N, inner]
        Var ups = up.apply(x); // [N, inner]
        return down.apply(
                switch (activation) {
                    case SILU -> SwiGlu.swiGlu(gates, ups);
                    case GELU -> GeGlu.geGlu(gates, ups, GeluForm.EXACT);
                    case GELU_TANH -> GeGlu.geGlu(gates, ups, GeluForm.TANH);
                    case SQUARED_RELU -> Elementwise.multiply(SquaredRelu.squaredRelu(gates), ups);
                });
    }
}
