// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Convolution;
import dev.jacobian.autograd.Elementwise;
import dev.jacobian.autograd.Var;
import dev.jacobian.transformer.plan.Recurrence.ShortConvolution;
import dev.jacobian.transformer.plan.Role;
import java.util.Optional;

/** A short convolution between two gates: project, gate, convolve, gate, project back. */
final class GatedConvolution implements PositionMixer {
    private final int layer;
    private final Projection inGate;
    private final Projection outGate;
    private final Projection input;
    private final Projection output;
    private final Var taps; // [D, 1, K]
    private final Optional<Var> bias; // [D]

    GatedConvolution(ShortConvolution plan, int layer, ModelWeights weights) {
        this.layer = layer;
        inGate = weights.projection(Role.CONVOLUTION_IN_GATE, layer);
        outGate = weights.projection(Role.CONVOLUTION_OUT_GATE, layer);
        input = weights.projection(Role.CONVOLUTION_INPUT, layer);
        output = weights.projection(Role.CONVOLUTION_OUTPUT, layer);
        taps = weights.taps(Role.CONVOLUTION_TAPS, layer);
        bias = weights.bias(Role.CONVOLUTION_TAPS, layer);
    }

    @Override
    public Var apply(Var x, ForwardPass pass) {
        Var gated = Elementwise.multiply(inGate.apply(x), input.apply(x)); // [N, D]
        Var mixed = pass.isCached()
                ? Convolution.continued(gated, taps, bias, pass.segments(), pass.states(layer, 0))
                : Convolution.causal(gated, taps, bias, pass.segments()); // [N, D]
        return output.apply(Elementwise.multiply(outGate.apply(x), mixed));
    }
}
