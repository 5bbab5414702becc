// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Attention;
import dev.jacobian.autograd.Heads;
import dev.jacobian.autograd.Heads.Part;
import dev.jacobian.autograd.Rotary;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.AttentionForm;
import dev.jacobian.tensor.RotaryForm;
import dev.jacobian.tensor.Rotation;
import dev.jacobian.transformer.plan.Attention.Latent;
import dev.jacobian.transformer.plan.Role;
import java.util.Optional;

/**
 * Multi-head latent attention: project down and up, rotate a part, put heads together, attend, project back. Heads are as long as
 * the longer of keys and values, with zeros at the end of the shorter: a zero changes neither a score nor another element.
 */
final class LatentAttention implements PositionMixer {
    private final int layer;
    private final Latent plan;
    private final AttentionForm form;
    private final RotaryForm rotation;
    private final Optional<Projection> queryDown;
    private final Optional<RowNorm> queryNorm;
    private final Projection queryPlain;
    private final Projection queryRotary;
    private final Projection keyValueDown;
    private final RowNorm keyValueNorm;
    private final Projection keyPlain;
    private final Projection keyRotary;
    private final Projection value;
    private final Projection output;

    LatentAttention(Latent plan, int layer, ModelWeights weights) {
        this.layer = layer;
        this.plan = plan;
        form = new AttentionForm(plan.headDim(), plan.scale(), 0);
        rotation = SelfAttention.form(plan.rotary(), plan.rotary().dimensions());
        boolean down = plan.queryRank() > 0;
        queryDown = down ? Optional.of(weights.projection(Role.QUERY_LATENT, layer)) : Optional.empty();
        queryNorm =
                down ? Optional.of(RowNorm.of(plan.norm(), Role.QUERY_LATENT_NORM, layer, weights)) : Optional.empty();
        queryPlain = weights.projection(Role.QUERY_PLAIN, layer);
        queryRotary = weights.projection(Role.QUERY_ROTARY, layer);
        keyValueDown = weights.projection(Role.KEY_VALUE_LATENT, layer);
        keyValueNorm = RowNorm.of(plan.norm(), Role.KEY_VALUE_LATENT_NORM, layer, weights);
        keyPlain = weights.projection(Role.KEY_PLAIN, layer);
        keyRotary = weights.projection(Role.KEY_ROTARY, layer);
        value = weights.projection(Role.VALUE, layer);
        output = weights.projection(Role.OUTPUT, layer);
    }

    @Override
    public Var apply(Var x, ForwardPass pass) {
        int heads = plan.heads();
        Var latent = queryDown.isPresent()
                ? queryNorm.orElseThrow().apply(queryDown.get().apply(x)) // [N, queryRank]
                : x;
        Var queries = joined(
                new Part(queryPlain.apply(latent), heads),
                new Part(turned(queryRotary.apply(latent), pass), heads)); // [N, H · headDim]
        Var shared = keyValueNorm.apply(keyValueDown.apply(x)); // [N, keyValueRank]
        Var keys = joined(
                new Part(keyPlain.apply(shared), heads),
                new Part(turned(keyRotary.apply(x), pass), 1)); // [N, H · headDim]
        Var values = value.apply(shared); // [N, H · valueDim]
        boolean padded = plan.valueDim() < plan.headDim();
        Var wide = padded ? joined(new Part(values, heads)) : values; // [N, H · headDim]
        Var mixed = pass.isCached()
                ? Attention.cachedAttention(
                        queries, keys, wide, Optional.empty(), pass.cachedRows(layer), pass.keptRows(layer), form)
                : Attention.attention(queries, keys, wide, pass.segments(), form); // [N, H · headDim]
        return output.apply(padded ? Heads.first(mixed, heads, plan.valueDim()) : mixed);
    }

    private Var joined(Part... parts) {
        return Heads.join(plan.heads(), plan.headDim(), parts);
    }

    private Var turned(Var rows, ForwardPass pass) {
        Rotation table = pass.rotation(plan.rotary());
        return Rotary.rotary(rows, rotation, table.cos(), table.sin(), table.positions());
    }
}
