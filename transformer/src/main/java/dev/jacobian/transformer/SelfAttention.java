// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Attention;
import dev.jacobian.autograd.FusedRows;
import dev.jacobian.autograd.LinearWeight;
import dev.jacobian.autograd.RmsNorm;
import dev.jacobian.autograd.Rotary;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.AttentionForm;
import dev.jacobian.tensor.CachedRows;
import dev.jacobian.tensor.Rotation;
import dev.jacobian.transformer.config.DecoderConfig;
import java.util.List;
import java.util.Optional;

/**
 * Grouped-query self-attention with rotary positions: project, normalise heads (Qwen3), rotate, attend, project back.
 */
final class SelfAttention {
    private final int layer;
    private final int headDim;
    private final float epsilon;
    private final AttentionForm form;
    private final Projection q;
    private final Projection k;
    private final Projection v;
    private final Projection o;
    private final Optional<Var> qNorm; // [headDim]
    private final Optional<Var> kNorm; // [headDim]

    SelfAttention(DecoderConfig config, int layer, Weights weights) {
        this.layer = layer;
        String name = "model.layers." + layer + ".self_attn.";
        int d = config.hiddenSize();
        headDim = config.headDim();
        epsilon = config.normEpsilon();
        form = new AttentionForm(
                headDim, (float) (1 / Math.sqrt(headDim)), config.windows().get(layer));
        q = Projection.of(weights, name + "q_proj", config.heads() * headDim, d, config.qkvBias());
        k = Projection.of(weights, name + "k_proj", config.kvHeads() * headDim, d, config.qkvBias());
        v = Projection.of(weights, name + "v_proj", config.kvHeads() * headDim, d, config.qkvBias());
        o = Projection.of(weights, name + "o_proj", d, config.heads() * headDim, config.outputBias());
        qNorm = weights.getIf(config.qkNorm(), name + "q_norm.weight", headDim);
        kNorm = weights.getIf(config.qkNorm(), name + "k_norm.weight", headDim);
    }

    /** x [N, D] to [N, D]. */
    Var apply(Var x, ForwardPass pass) {
        Var queries = q.apply(x); // [N, H · headDim]
        Var keys = k.apply(x); // [N, kvHeads · headDim]
        Var values = v.apply(x); // [N, kvHeads · headDim]
        if (qNorm.isPresent()) {
            queries = RmsNorm.rmsNorm(queries, qNorm.get(), epsilon);
            keys = RmsNorm.rmsNorm(keys, kNorm.orElseThrow(), epsilon);
        }
        queries = Rotary.rotary(queries, headDim, pass.cos(), pass.sin(), pass.positions());
        keys = Rotary.rotary(keys, headDim, pass.cos(), pass.sin(), pass.positions());
        Var mixed = pass.cache().isPresent()
                ? Attention.cachedAttention(queries, keys, values, cachedRows(pass), form)
                : Attention.attention(queries, keys, values, pass.segments(), form);
        return o.apply(mixed);
    }

    private CachedRows cachedRows(ForwardPass pass) {
        return new CachedRows(pass.cache().orElseThrow(), layer, pass.sequences(), pass.segments());
    }

    /** All weights. */
    List<LinearWeight> weights() {
        return List.of(q.weight(), k.weight(), v.weight(), o.weight());
    }

    /** {@code h + apply(norm(h))} for the few rows of a step of decoding, [N, D] to [N, D]. */
    Var addedTo(Var h, Var norm, ForwardPass pass) {
        List<Var> qkv = FusedRows.normLinear(h, norm, epsilon, List.of(q.layer(), k.layer(), v.layer())); // [N, heads]
        Var mixed = FusedRows.attention(
                qkv.get(0),
                qNorm,
                qkv.get(1),
                kNorm,
                qkv.get(2),
                epsilon,
                new Rotation(pass.cos(), pass.sin(), pass.positions()),
                cachedRows(pass),
                form); // [N, H · headDim]
        return FusedRows.linearAdd(mixed, o.layer(), h);
    }
}
