// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.ExpertKernels;
import dev.jacobian.tensor.ExpertOrder;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;

/**
 * Mixture of experts (Shazeer et al., 2017): a router chooses k of E experts for each token, each expert works on its tokens'
 * rows, and a token's rows are added up by the router's weights.
 *
 * <pre>{@code
 * Routing routing = Experts.route(router(x), 2, true);
 * Var rows = Experts.spread(x, routing.order());              // [N · k, D], sorted by expert
 * Var h = Experts.linear(rows, up, routing.order());          // [N · k, M]
 * Var y = Experts.combine(Experts.linear(Gelu.gelu(h, form), down, routing.order()), routing);
 * }</pre>
 *
 * <p>The choice itself has no gradient; that of the weights is the gradient of the softmax.
 */
public final class Experts {
    private Experts() {}

    /**
     * Where tokens go.
     *
     * @param order the rows of the experts
     * @param weights [N, k], differentiable
     */
    public record Routing(ExpertOrder order, Var weights) {}

    /**
     * The k likeliest experts of each token, of equals the lower one. With p the softmax over the experts, a chosen one's weight
     * w is p, or p / Σ p over the chosen.
     *
     * <p>With c = Σ w·dw over the chosen: dlogit = w·(dw − c) for the chosen; for the others 0 if normalized, else −p·c.
     *
     * @param logits [N, E], F32
     * @param k from 1 to E
     * @param normalize whether a token's weights add up to 1
     */
    public static Routing route(Var logits, int k, boolean normalize) {
        Shapes.requireRank("route", "logits", logits.value(), 2);
        ExpertKernels kernels = logits.backend().experts();
        int n = logits.value().extent(0);
        int experts = logits.value().extent(1);
        if (k < 1 || k > experts) {
            throw new IllegalArgumentException("route: " + k + " of " + experts + " experts; choose from 1 to all");
        }
        if (experts > kernels.maxExperts()) {
            throw new IllegalArgumentException("route: " + experts + " experts, "
                    + logits.value().device() + " routes among up to " + kernels.maxExperts() + "; use the CPU");
        }
        if (logits.value().dtype() != DType.F32) {
            throw new IllegalArgumentException("route: the router's logits are "
                    + logits.value().dtype() + "; compute them in F32, where rounding would change the choice");
        }
        Tensor chosen = Workspace.tensor(logits.value().device(), DType.I32, Shape.of(n, k)); // [N, k]
        Tensor weights = logits.like(n, k); // [N, k]
        kernels.route(logits.value(), normalize, chosen, weights);
        ExpertOrder order = ExpertOrder.of(chosen, experts);
        kernels.order(chosen, order);
        return new Routing(order, Operation.of("route", logits).result(weights, dOut -> {
            Tensor dLogits = logits.like(); // [N, E]
            logits.backend().experts().routeBackward(logits.value(), normalize, chosen, dOut, dLogits);
            logits.give(dLogits);
        }));
    }

    /**
     * A row for each choice of a token, sorted by expert. dx = the sum of a token's drows.
     *
     * @param x [N, D]
     * @return [N · k, D]
     */
    public static Var spread(Var x, ExpertOrder order) {
        Shapes.requireRank("spread", "x", x.value(), 2);
        if (x.value().extent(0) * order.perToken() != order.pairs()) {
            throw new IllegalArgumentException("spread: x has shape "
                    + x.value().shape() + ", the routing is of " + order.pairs() / order.perToken() + " tokens");
        }
        Tensor rows = x.like(order.pairs(), x.value().extent(1)); // [N · k, D]
        x.backend().experts().spread(x.value(), order, rows);
        return Operation.of("spread", x).result(rows, dOut -> {
            Tensor dX = x.like(); // [N, D]
            x.backend().experts().combine(dOut, order, null, dX);
            x.give(dX);
        });
    }

    /**
     * {@code y = x · Wᵀ} with the weight of each row's expert. dx = dy·W, dW = dyᵀ·x over the expert's rows.
     *
     * @param rows [N · k, K], sorted by expert
     * @param weights [E, M, K]
     * @return [N · k, M]
     */
    public static Var linear(Var rows, Var weights, ExpertOrder order) {
        Shapes.requireRank("experts' linear", "rows", rows.value(), 2);
        Shapes.requireRank("experts' linear", weights.name(), weights.value(), 3);
        if (rows.value().extent(0) != order.pairs()
                || weights.value().extent(0) != order.experts()
                || weights.value().extent(2) != rows.value().extent(1)) {
            throw new IllegalArgumentException(
                    "experts' linear: rows " + rows.value().shape() + " and weights "
                            + weights.value().shape() + " of " + order.pairs() + " rows and " + order.experts()
                            + " experts do not fit");
        }
        Tensor out = rows.like(order.pairs(), weights.value().extent(1)); // [N · k, M]
        DType type = rows.value().dtype();
        rows.backend().experts().groupedMatmul(rows.value(), weights.valueAs(type), order, out);
        return Operation.of("experts' linear", rows, weights).result(out, dOut -> {
            ExpertKernels kernels = rows.backend().experts();
            if (weights.requiresGrad()) {
                kernels.groupedWeightGradient(dOut, rows.value(), order, weights.gradToAddInto());
            }
            if (rows.requiresGrad()) {
                Tensor dRows = rows.like(); // [N · k, K]
                kernels.groupedInputGradient(dOut, weights.valueAs(type), order, dRows);
                rows.give(dRows);
            }
        });
    }

    /**
     * {@code y[n] = Σ weight · row} over a token's choices in order. drow = weight·dy, dweight = dy·row.
     *
     * @param rows [N · k, D], sorted by expert
     * @return [N, D]
     */
    public static Var combine(Var rows, Routing routing) {
        Shapes.requireRank("combine", "rows", rows.value(), 2);
        ExpertOrder order = routing.order;
        if (rows.value().extent(0) != order.pairs()) {
            throw new IllegalArgumentException("combine: rows have shape "
                    + rows.value().shape() + ", the routing has " + order.pairs() + " rows");
        }
        Var weights = routing.weights; // [N, k]
        Tensor out = rows.like(order.pairs() / order.perToken(), rows.value().extent(1)); // [N, D]
        rows.backend().experts().combine(rows.value(), order, weights.value(), out);
        return Operation.of("combine", rows, weights).result(out, dOut -> {
            Tensor dRows = rows.like(); // [N · k, D]
            Tensor dWeights = weights.like(); // [N, k]
            rows.backend().experts().combineBackward(dOut, rows.value(), order, weights.value(), dRows, dWeights);
            rows.give(dRows);
            weights.give(dWeights);
        });
    }
}
