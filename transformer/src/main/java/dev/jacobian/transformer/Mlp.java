// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.SwiGlu;
import dev.jacobian.autograd.Var;
import dev.jacobian.transformer.config.DecoderConfig;

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
}
