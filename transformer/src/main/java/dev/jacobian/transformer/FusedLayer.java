// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.FusedRows;
import dev.jacobian.autograd.LinearWeight;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.AttentionForm;
import dev.jacobian.transformer.plan.Activation;
import dev.jacobian.transformer.plan.Attention.Grouped;
import dev.jacobian.transformer.plan.Biases;
import dev.jacobian.transformer.plan.FeedForward.Gated;
import dev.jacobian.transformer.plan.HeadNorm;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Positions;
import dev.jacobian.transformer.plan.Residual;
import dev.jacobian.transformer.plan.Role;
import java.util.List;
import java.util.Optional;

/**
 * A layer that takes the few rows of a step of decoding through {@linkplain FusedRows fused operations}, where the device
 * has them for its weights, and leaves all else to the layer of separate operations.
 *
 * <p>Decision: whether a plan has this form is settled when the model is built ({@link #over}); whether rows are few enough is
 * asked at each pass.
 */
final class FusedLayer implements DecoderLayer {
    private final DecoderLayer separate;
    private final Norm.Rms norm;
    private final Positions.Rotary rotary;
    private final int layer;
    private final AttentionForm form;
    private final Var attentionNorm; // [D]
    private final List<FusedRows.Layer> qkv;
    private final Optional<Var> qNorm; // [headDim]
    private final Optional<Var> kNorm; // [headDim]
    private final FusedRows.Layer output;
    private final Var mlpNorm; // [D]
    private final LinearWeight gate;
    private final LinearWeight up;
    private final FusedRows.Layer down;
    private final List<LinearWeight> matrices;

    private FusedLayer(
            DecoderLayer separate,
            Norm.Rms norm,
            Positions.Rotary rotary,
            Grouped attention,
            int layer,
            ModelWeights weights) {
        this.separate = separate;
        this.norm = norm;
        this.rotary = rotary;
        this.layer = layer;
        form = SelfAttention.form(attention);
        attentionNorm = weights.gain(Role.ATTENTION_NORM, layer);
        qkv = List.of(
                weights.projection(Role.QUERY, layer).layer(),
                weights.projection(Role.KEY, layer).layer(),
                weights.projection(Role.VALUE, layer).layer());
        boolean normed = attention.headNorm() instanceof HeadNorm.PerHead;
        qNorm = normed ? Optional.of(weights.gain(Role.QUERY_NORM, layer)) : Optional.empty();
        kNorm = normed ? Optional.of(weights.gain(Role.KEY_NORM, layer)) : Optional.empty();
        output = weights.projection(Role.OUTPUT, layer).layer();
        mlpNorm = weights.gain(Role.FEED_FORWARD_NORM, layer);
        gate = weights.matrix(Role.GATE, layer);
        up = weights.matrix(Role.UP, layer);
        down = weights.projection(Role.DOWN, layer).layer();
        matrices = List.of(
                qkv.get(0).weight(),
                qkv.get(1).weight(),
                qkv.get(2).weight(),
                output.weight(),
                gate,
                up,
                down.weight());
    }

    /** A layer with fused decoding if its plan has the form that the operations know, else the layer itself. */
    static DecoderLayer over(DecoderLayer separate, LayerPlan plan, int layer, ModelWeights weights) {
        return plan.residual().equals(Residual.PRE)
                        && plan.norm() instanceof Norm.Rms norm
                        && norm.gain() == Norm.Gain.WEIGHT
                        && plan.mixer() instanceof Grouped attention
                        && attention.positions() instanceof Positions.Rotary rotary
                        && rotary.dimensions() == attention.headDim()
                        && rotary.pairing() == Positions.Pairing.HALVES
                        && knows(attention.headNorm(), norm)
                        && !attention.sinks()
                        && plan.feedForward() instanceof Gated mlp
                        && mlp.activation() == Activation.SILU
                        && mlp.biases() == Biases.NONE
                ? new FusedLayer(separate, norm, rotary, attention, layer, weights)
                : separate;
    }

    private static boolean knows(HeadNorm headNorm, Norm.Rms norm) {
        return switch (headNorm) {
            case HeadNorm.None none -> true;
            case HeadNorm.PerHead each -> each.norm().equals(norm);
            case HeadNorm.EachHead own -> false;
            case HeadNorm.AllHeads all -> false;
        };
    }

    @Override
    public Var apply(Var h, ForwardPass pass) {
        if (!pass.isCached() || pass.onlookers() > 0 || !FusedRows.fit(h, matrices)) {
            return separate.apply(h, pass);
        }
        List<Var> heads = FusedRows.normLinear(h, attentionNorm, norm.epsilon(), qkv); // q, k, v: [N, heads · headDim]
        Var mixed = FusedRows.attention(
                heads.get(0),
                qNorm,
                heads.get(1),
                kNorm,
                heads.get(2),
                norm.epsilon(),
                pass.rotation(rotary),
                pass.cachedRows(layer),
                form); // [N, H · headDim]
        Var afterAttention = FusedRows.linearAdd(mixed, output, h); // [N, D]
        Var inner = FusedRows.normSwiGlu(afterAttention, mlpNorm, norm.epsilon(), gate, up); // [N, inner]
        return FusedRows.linearAdd(inner, down, afterAttention);
    }
}
