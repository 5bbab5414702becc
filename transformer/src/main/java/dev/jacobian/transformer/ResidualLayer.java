// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Elementwise;
import dev.jacobian.autograd.Var;
import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.LayerPlan;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Recurrence;
import dev.jacobian.transformer.plan.Residual;
import dev.jacobian.transformer.plan.Role;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** A layer as its plan says it: a mixer of positions and a feed-forward, added to the hidden state. */
final class ResidualLayer implements DecoderLayer {
    private final Residual residual;
    private final PositionMixer mixer;
    private final FeedForwardRows mlp;
    private final Optional<RowNorm> attentionNorm;
    private final Optional<RowNorm> attentionPostNorm;
    private final Optional<RowNorm> mlpNorm;
    private final Optional<RowNorm> mlpPostNorm;

    ResidualLayer(LayerPlan plan, int layer, ModelWeights weights) {
        residual = plan.residual();
        Residual.Form form = residual.form();
        Norm norm = plan.norm();
        attentionNorm = norm(form.normsAttentionInput(), norm, Role.ATTENTION_NORM, layer, weights);
        mixer = switch (plan.mixer()) {
            case Attention.Grouped grouped -> new SelfAttention(grouped, layer, weights);
            case Attention.Gated gated -> SelfAttention.gated(gated.grouped(), layer, weights);
            case Attention.Latent latent -> new LatentAttention(latent, layer, weights);
            case Recurrence.ShortConvolution convolution -> new GatedConvolution(convolution, layer, weights);
            case Recurrence.GatedDeltaNet net -> new DeltaNet(net, layer, weights);
        };
        attentionPostNorm = norm(form.normsOutputs(), norm, Role.ATTENTION_POST_NORM, layer, weights);
        mlpNorm = norm(form.normsFeedForwardInput(), norm, Role.FEED_FORWARD_NORM, layer, weights);
        mlp = switch (plan.feedForward()) {
            case FeedForward.Gated gated -> FeedForwardRows.alone(Mlp.of(gated, layer, weights));
            case FeedForward.Plain plain -> FeedForwardRows.alone(new PlainMlp(plain, layer, weights));
            case FeedForward.Experts experts -> new ExpertsMlp(experts, layer, weights)::apply;
        };
        mlpPostNorm = norm(form.normsOutputs(), norm, Role.FEED_FORWARD_POST_NORM, layer, weights);
    }

    /** The branch of a layer that each position goes through alone; a pass may want to know where routers send it. */
    private interface FeedForwardRows {
        /** x [N, D] to [N, D]. */
        Var apply(Var x, ForwardPass pass);

        /** What knows nothing of the pass. */
        static FeedForwardRows alone(UnaryOperator<Var> mlp) {
            return (x, pass) -> mlp.apply(x);
        }
    }

    private static Optional<RowNorm> norm(boolean present, Norm norm, Role role, int layer, ModelWeights weights) {
        return present ? Optional.of(RowNorm.of(norm, role, layer, weights)) : Optional.empty();
    }

    @Override
    public Var apply(Var h, ForwardPass pass) {
        UnaryOperator<Var> mix = x -> mixer.apply(x, pass);
        UnaryOperator<Var> expand = x -> mlp.apply(x, pass);
        return switch (residual.form()) {
            case PRE, POST, SANDWICH -> {
                Var mixed = branch(h, attentionNorm, mix, attentionPostNorm); // [N, D]
                Var afterAttention = Elementwise.add(h, mixed); // [N, D]
                Var expanded = branch(afterAttention, mlpNorm, expand, mlpPostNorm); // [N, D]
                yield Elementwise.add(afterAttention, expanded);
            }
            case PARALLEL -> {
                Var mixed = branch(h, attentionNorm, mix, attentionPostNorm); // [N, D]
                Var expanded = branch(h, mlpNorm, expand, mlpPostNorm); // [N, D]
                yield Elementwise.add(Elementwise.add(h, mixed), expanded);
            }
            case PARALLEL_ONE_NORM -> {
                Var normed = normed(attentionNorm, h); // [N, D]
                Var mixed = scaled(mixer.apply(normed, pass)); // [N, D]
                Var expanded = scaled(expand.apply(normed)); // [N, D]
                yield Elementwise.add(Elementwise.add(h, mixed), expanded);
            }
        };
    }

    private Var branch(Var h, Optional<RowNorm> before, UnaryOperator<Var> body, Optional<RowNorm> after) {
        return scaled(normed(after, body.apply(normed(before, h))));
    }

    private static Var normed(Optional<RowNorm> norm, Var x) {
        return norm.isPresent() ? norm.get().apply(x) : x;
    }

    private Var scaled(Var x) {
        return residual.scale() == 1 ? x : Elementwise.scale(x, residual.scale());
    }
}
