// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Elementwise;
import dev.jacobian.autograd.ExpertWeights;
import dev.jacobian.autograd.Experts;
import dev.jacobian.autograd.Experts.Routing;
import dev.jacobian.autograd.LoadBalance;
import dev.jacobian.autograd.SwiGlu;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.SigmoidRouter;
import dev.jacobian.transformer.plan.FeedForward;
import dev.jacobian.transformer.plan.Role;
import dev.jacobian.transformer.plan.Router;
import java.util.Optional;

/**
 * A mixture of experts: route, bring rows into the order of their experts, a gated MLP with each row's expert, and the weighted
 * sum of a token's rows.
 *
 * <p>Decision: the router computes in F32 whatever the format of other weights, because a rounded logit sends a token elsewhere.
 */
final class ExpertsMlp {
    private final Router plan;
    private final int layer;
    private final Projection router;
    private final Optional<Var> correction; // [E]
    private final FeedForward.Experts.Gating gating;
    private final Layers gate; // [E, inner, D]
    private final Layers up; // [E, inner, D]
    private final Layers down; // [E, D, inner]
    private final Optional<Shared> shared;

    ExpertsMlp(FeedForward.Experts plan, int layer, ModelWeights weights) {
        this.plan = plan.router();
        this.layer = layer;
        router = weights.projection(Role.ROUTER, layer);
        correction = plan.router() instanceof Router.Sigmoid
                ? Optional.of(weights.buffer(Role.ROUTER_CORRECTION, layer))
                : Optional.empty();
        gating = plan.gating();
        gate = Layers.of(Role.EXPERT_GATE, layer, weights);
        up = Layers.of(Role.EXPERT_UP, layer, weights);
        down = Layers.of(Role.EXPERT_DOWN, layer, weights);
        shared = plan.shared().map(beside -> Shared.of(beside, layer, weights));
    }

    /** x [N, D] to [N, D]. */
    Var apply(Var x, ForwardPass pass) {
        Routing routing = route(router.apply(x), pass.balance());
        pass.routing().routed(layer, routing.order());
        Var rows = Experts.spread(x, routing.order()); // [N · k, D]
        Var gates = gate.apply(rows, routing); // [N · k, inner]
        Var ups = up.apply(rows, routing); // [N · k, inner]
        Var inner = switch (gating) {
            case SWIGLU -> SwiGlu.swiGlu(gates, ups);
            case CLAMPED_SWIGLU -> SwiGlu.clampedSwiGlu(gates, ups);
        };
        Var outs = down.apply(inner, routing); // [N · k, D]
        Var mixed = Experts.combine(outs, routing); // [N, D]
        return shared.isPresent() ? Elementwise.add(mixed, shared.get().apply(x)) : mixed;
    }

    private Routing route(Var logits, Optional<LoadBalance> balance) {
        return switch (plan) {
            case Router.Softmax softmax -> Experts.route(logits, softmax.perToken(), softmax.normalized(), balance);
            case Router.Sigmoid sigmoid ->
                Experts.routeBySigmoid(
                        logits,
                        correction,
                        sigmoid.perToken(),
                        new SigmoidRouter(
                                sigmoid.normalized(), sigmoid.scale(), sigmoid.groups(), sigmoid.keptGroups()));
        };
    }

    /** A linear layer of each expert: weights [E, out, in], and biases [E, out] where the plan has them. */
    private record Layers(ExpertWeights weights, Optional<Var> biases) {
        static Layers of(Role role, int layer, ModelWeights weights) {
            return new Layers(weights.experts(role, layer), weights.expertBiases(role, layer));
        }

        /** Rows [N · k, in] in the order of their experts to [N · k, out]. */
        Var apply(Var rows, Routing routing) {
            return Experts.linear(rows, weights, biases, routing.order());
        }
    }

    /** The feed-forward that every token goes through, and the logit of its factor [1, D] where it has one. */
    private record Shared(Mlp mlp, Optional<Projection> weight) {
        static Shared of(FeedForward.Experts.Shared plan, int layer, ModelWeights weights) {
            return new Shared(
                    Mlp.shared(layer, weights),
                    plan.gated() ? Optional.of(weights.projection(Role.SHARED_WEIGHT, layer)) : Optional.empty());
        }

        Var apply(Var x) {
            Var out = mlp.apply(x); // [N, D]
            return weight.isPresent() ? Experts.timesSigmoid(out, weight.get().apply(x)) : out;
        }
    }
}
