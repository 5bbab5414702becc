// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Attention;
import dev.jacobian.autograd.Elementwise;
import dev.jacobian.autograd.Rotary;
import dev.jacobian.autograd.Sigmoid;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.AttentionForm;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.RotaryForm;
import dev.jacobian.tensor.Rotation;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.plan.Attention.Grouped;
import dev.jacobian.transformer.plan.HeadNorm;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Positions;
import dev.jacobian.transformer.plan.Role;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** Grouped-query self-attention: project, normalise heads, rotate, attend, project back. */
final class SelfAttention implements PositionMixer {
    private final int layer;
    private final Grouped plan;
    private final AttentionForm form;
    private final Projection q;
    private final Projection k;
    private final Projection v;
    private final Projection o;
    private final Optional<Var> sinks; // [H]
    private final Optional<UnaryOperator<Var>> qNorm;
    private final Optional<UnaryOperator<Var>> kNorm;
    private final Optional<Projection> gate;

    SelfAttention(Grouped plan, int layer, ModelWeights weights) {
        this(plan, Optional.empty(), layer, weights);
    }

    /** The same with a gate of its output. */
    static SelfAttention gated(Grouped plan, int layer, ModelWeights weights) {
        return new SelfAttention(plan, Optional.of(weights.projection(Role.OUTPUT_GATE, layer)), layer, weights);
    }

    private SelfAttention(Grouped plan, Optional<Projection> gate, int layer, ModelWeights weights) {
        this.layer = layer;
        this.plan = plan;
        this.gate = gate;
        form = form(plan);
        q = weights.projection(Role.QUERY, layer);
        k = weights.projection(Role.KEY, layer);
        v = weights.projection(Role.VALUE, layer);
        o = weights.projection(Role.OUTPUT, layer);
        sinks = plan.sinks() ? Optional.of(weights.perHead(Role.SINKS, layer)) : Optional.empty();
        qNorm = norm(plan.headNorm(), Role.QUERY_NORM, layer, weights);
        kNorm = norm(plan.headNorm(), Role.KEY_NORM, layer, weights);
    }

    /** What kernels need to know of it. */
    static AttentionForm form(Grouped plan) {
        return new AttentionForm(plan.headDim(), plan.scale(), plan.window(), plan.softCap());
    }

    private RotaryForm form(Positions.Rotary rotary) {
        return form(rotary, plan.headDim());
    }

    /** What kernels need to know of a rotation. */
    static RotaryForm form(Positions.Rotary rotary, int headDim) {
        RotaryForm.Pairing pairing = switch (rotary.pairing()) {
            case HALVES -> RotaryForm.Pairing.HALVES;
            case NEIGHBOURS -> RotaryForm.Pairing.NEIGHBOURS;
        };
        return new RotaryForm(headDim, rotary.dimensions(), pairing);
    }

    private static Optional<UnaryOperator<Var>> norm(HeadNorm plan, Role role, int layer, ModelWeights weights) {
        return switch (plan) {
            case HeadNorm.None none -> Optional.empty();
            case HeadNorm.PerHead each -> Optional.of(RowNorm.of(each.norm(), role, layer, weights)::apply);
            case HeadNorm.EachHead own -> Optional.of(eachHead(own.norm(), weights.headGains(role, layer)));
            case HeadNorm.AllHeads all -> Optional.of(RowNorm.of(all.norm(), role, layer, weights)::apply);
        };
    }

    @Override
    public Var apply(Var x, ForwardPass pass) {
        Var queries = q.apply(x); // [N, H · headDim]
        Var keys = k.apply(x); // [N, kvHeads · headDim]
        Var values = v.apply(x); // [N, kvHeads · headDim]
        queries = normed(queries, qNorm);
        keys = normed(keys, kNorm);
        switch (plan.positions()) {
            case Positions.Rotary rotary -> {
                queries = turned(queries, rotary, rotary, pass);
                keys = turned(keys, rotary, rotary, pass);
            }
            case Positions.GrowingQueries growing -> {
                queries = turned(queries, growing, growing.rotary(), pass);
                keys = turned(keys, growing.rotary(), growing.rotary(), pass);
            }
            case Positions.None none -> {}
        }
        Var mixed = pass.isCached()
                ? Attention.cachedAttention(
                        queries, keys, values, sinks, pass.cachedRows(layer), pass.keptRows(layer), form)
                : Attention.attention(queries, keys, values, sinks, pass.segments(), form);
        return o.apply(
                gate.isPresent()
                        ? Elementwise.multiply(mixed, Sigmoid.sigmoid(gate.get().apply(x)))
                        : mixed);
    }

    /** A norm with the factor 1, then the factors of each head [H, headDim]. */
    private static UnaryOperator<Var> eachHead(Norm norm, Var factors) {
        Tensor one = Tensor.zeros(
                factors.value().device(), DType.F32, Shape.of(factors.value().extent(1)));
        one.fill(1f);
        RowNorm plain = new RowNorm(norm, Var.constant(one), Optional.empty());
        return heads -> Elementwise.multiplyRows(plain.apply(heads), factors);
    }

    private static Var normed(Var rows, Optional<UnaryOperator<Var>> norm) {
        return norm.isPresent() ? norm.get().apply(rows) : rows;
    }

    private Var turned(Var heads, Positions positions, Positions.Rotary rotary, ForwardPass pass) {
        Rotation rotation = pass.rotation(positions);
        return Rotary.rotary(heads, form(rotary), rotation.cos(), rotation.sin(), rotation.positions());
    }
}
