// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Convolution;
import dev.jacobian.autograd.DeltaRule;
import dev.jacobian.autograd.RmsNorm;
import dev.jacobian.autograd.Sigmoid;
import dev.jacobian.autograd.Silu;
import dev.jacobian.autograd.SwiGlu;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.DeltaForm;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.plan.Recurrence.GatedDeltaNet;
import dev.jacobian.transformer.plan.Role;
import java.util.Optional;

/** Gated delta net: project, convolve, bring queries and keys to length 1, apply the delta rule, norm, gate, project back. */
final class DeltaNet implements PositionMixer {
    /** Added to the sum of squares of a query or key, as Qwen's models were trained. */
    private static final double EPSILON = 1e-6;

    private final int layer;
    private final DeltaForm form;
    private final Projection query;
    private final Projection key;
    private final Projection value;
    private final Projection gate;
    private final Projection strength;
    private final Projection decay;
    private final Projection output;
    private final Var queryTaps; // [keyWidth, 1, K]
    private final Var keyTaps; // [keyWidth, 1, K]
    private final Var valueTaps; // [valueWidth, 1, K]
    private final Var logRate; // [H]
    private final Var decayBias; // [H]
    private final RowNorm norm;
    private final Var queryScale; // [keyDim]
    private final Var keyScale; // [keyDim]

    DeltaNet(GatedDeltaNet plan, int layer, ModelWeights weights) {
        this.layer = layer;
        form = new DeltaForm(plan.keyHeads(), plan.heads(), plan.keyDim(), plan.valueDim());
        query = weights.projection(Role.DELTA_QUERY, layer);
        key = weights.projection(Role.DELTA_KEY, layer);
        value = weights.projection(Role.DELTA_VALUE, layer);
        gate = weights.projection(Role.DELTA_GATE, layer);
        strength = weights.projection(Role.DELTA_STRENGTH, layer);
        decay = weights.projection(Role.DELTA_DECAY, layer);
        output = weights.projection(Role.DELTA_OUTPUT, layer);
        queryTaps = weights.taps(Role.DELTA_QUERY_TAPS, layer);
        keyTaps = weights.taps(Role.DELTA_KEY_TAPS, layer);
        valueTaps = weights.taps(Role.DELTA_VALUE_TAPS, layer);
        logRate = weights.perHead(Role.DELTA_LOG_RATE, layer);
        decayBias = weights.perHead(Role.DELTA_DECAY_BIAS, layer);
        norm = RowNorm.of(plan.norm(), Role.DELTA_NORM, layer, weights);
        queryScale = lengthOne(1.0 / plan.keyDim(), logRate.value());
        keyScale = lengthOne(1.0 / Math.sqrt(plan.keyDim()), logRate.value());
    }

    /** A weight with which a root-mean-square norm brings a row to a length: x / √(Σ x² + ε) is x / √(mean(x²) + ε/d) / √d. */
    private Var lengthOne(double factor, Tensor beside) {
        Tensor scale = Tensor.zeros(form.keyDim());
        scale.fill((float) factor);
        return Var.constant(scale.to(beside.device()));
    }

    @Override
    public Var apply(Var x, ForwardPass pass) {
        float epsilon = (float) (EPSILON / form.keyDim());
        Var q = RmsNorm.rmsNorm(convolved(query.apply(x), queryTaps, 0, pass), queryScale, epsilon); // [N, keyWidth]
        Var k = RmsNorm.rmsNorm(convolved(key.apply(x), keyTaps, 1, pass), keyScale, epsilon); // [N, keyWidth]
        Var v = convolved(value.apply(x), valueTaps, 2, pass); // [N, valueWidth]
        Var kept = DeltaRule.decay(decay.apply(x), logRate, decayBias); // [N, H]
        Var beta = Sigmoid.sigmoid(strength.apply(x)); // [N, H]
        DeltaRule.Inputs in = new DeltaRule.Inputs(q, k, v, kept, beta);
        Var read = pass.isCached()
                ? DeltaRule.continued(in, form, pass.segments(), pass.states(layer, 3))
                : DeltaRule.deltaRule(in, form, pass.segments()); // [N, valueWidth]
        return output.apply(SwiGlu.swiGlu(gate.apply(x), norm.apply(read)));
    }

    private Var convolved(Var rows, Var taps, int state, ForwardPass pass) {
        return Silu.silu(
                pass.isCached()
                        ? Convolution.continued(
                                rows, taps, Optional.empty(), pass.segments(), pass.states(layer, state))
                        : Convolution.causal(rows, taps, Optional.empty(), pass.segments()));
    }
}
