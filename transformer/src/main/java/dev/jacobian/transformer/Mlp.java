// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.FusedRows;
import dev.jacobian.autograd.LinearWeight;
import dev.jacobian.autograd.SwiGlu;
import dev.jacobian.autograd.Var;
import dev.jacobian.transformer.config.DecoderConfig;
import java.util.List;

/** The gated MLP: down(silu(gate(x)) · up(x)). */
final class Mlp {
    private final Projection gate;
    private final Projection up;
    private final Projection down;

    Mlp(DecoderConfig config, int layer, Weights weights) {
        String name = "model.layers." + layer + ".mlp.";
        int d = config.hiddenSize();
        int inner = config.intermediateSize();
        gate = Projection.of(weights, name + "gate_proj", inner, d, config.mlpBias());
        up = Projection.of(weights, name + "up_proj", inner, d, config.mlpBias());
        down = Projection.of(weights, name + "down_proj", d, inner, config.mlpBias());
    }

    /** x [N, D] to [N, D]. */
    Var apply(Var x) {
        return down.apply(SwiGlu.swiGlu(gate.apply(x), up.apply(x)));
    }

    /** All weights. */
    List<LinearWeight> weights() {
        return List.of(gate.weight(), up.weight(), down.weight());
    }

    /** Whether {@link #addedTo} knows the layer: its first two projections have no bias. */
    boolean canBeFused() {
        return gate.bias().isEmpty() && up.bias().isEmpty();
    }

    /** {@code h + apply(norm(h))} for the few rows of a step of decoding, [N, D] to [N, D]. */
    Var addedTo(Var h, Var norm, float epsilon) {
        Var inner = FusedRows.normSwiGlu(h, norm, epsilon, gate.weight(), up.weight()); // [N, inner]
        return FusedRows.linearAdd(inner, down.layer(), h);
    }
}
