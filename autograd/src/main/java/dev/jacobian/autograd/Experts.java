// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.ExpertKernels;
import dev.jacobian.tensor.ExpertOrder;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.SigmoidRouter;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import java.util.List;
import java.util.Optional;

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
        return route(logits, k, normalize, Optional.empty());
    }

    /**
     * The same under a loss that keeps the experts equally busy: choices are counted, and its gradient is added to that of the
     * logits.
     */
    public static Routing route(Var logits, int k, boolean normalize, Optional<LoadBalance> balance) {
        requireChoice(logits, k);
        Tensor chosen = chosen(logits, k); // [N, k]
        Tensor weights = logits.like(logits.value().extent(0), k); // [N, k]
        logits.backend().experts().route(logits.value(), normalize, chosen, weights);
        Var result = Operation.of("route", logits).result(weights, dOut -> {
            Tensor dLogits = logits.like(); // [N, E]
            logits.backend().experts().routeBackward(logits.value(), normalize, chosen, dOut, dLogits);
            balance.ifPresent(own -> own.addGradient(logits.value(), dLogits));
            logits.give(dLogits);
        });
        ExpertOrder order = ordered(logits, chosen);
        balance.ifPresent(own -> own.count(logits.value(), order));
        return new Routing(order, result);
    }

    /**
     * The k best experts of each token by the sigmoid of its logit plus a correction, in the best groups. With σ the sigmoid and s
     * the sum of the chosen, weights are w = scale · σ, or scale · σ / s.
     *
     * <p>dlogit = dσ · σ · (1 − σ), dσ = scale · dw, or scale / s · (dw − Σ (σ / s) · dw); 0 for the others. The correction has no
     * gradient.
     *
     * @param logits [N, E], F32
     * @param correction [E], for the choice alone
     * @param k from 1 to E
     */
    public static Routing routeBySigmoid(Var logits, Optional<Var> correction, int k, SigmoidRouter form) {
        requireChoice(logits, k);
        int experts = logits.value().extent(1);
        correction.ifPresent(own -> Shapes.require("route", own.name(), own.value(), experts));
        if (experts % form.groups() != 0) {
            throw new IllegalArgumentException(
                    "route: " + experts + " experts do not divide into " + form.groups() + " groups");
        }
        Tensor chosen = chosen(logits, k); // [N, k]
        Tensor weights = logits.like(logits.value().extent(0), k); // [N, k]
        logits.backend()
                .experts()
                .routeBySigmoid(logits.value(), correction.map(Var::value).orElse(null), form, chosen, weights);
        Var result = Operation.of("route", logits).result(weights, dOut -> {
            Tensor dLogits = logits.like(); // [N, E]
            logits.backend().experts().routeBySigmoidBackward(logits.value(), form, chosen, dOut, dLogits);
            logits.give(dLogits);
        });
        return new Routing(ordered(logits, chosen), result);
    }

    /**
     * {@code y[n] = σ(gate[n]) · x[n]}: the output of one expert that all tokens go to. dx = σ·dy, dgate = (dy·x)·σ·(1 − σ).
     *
     * @param x [N, D]
     * @param gate [N, 1], F32
     * @return [N, D]
     */
    public static Var timesSigmoid(Var x, Var gate) {
        return combine(x, routeBySigmoid(gate, Optional.empty(), 1, SigmoidRouter.PLAIN));
    }

    private static void requireChoice(Var logits, int k) {
        Shapes.requireRank("route", "logits", logits.value(), 2);
        int experts = logits.value().extent(1);
        if (k < 1 || k > experts) {
            throw new IllegalArgumentException("route: " + k + " of " + experts + " experts; choose from 1 to all");
        }
        int most = logits.backend().experts().maxExperts();
        if (experts > most) {
            throw new IllegalArgumentException("route: " + experts + " experts, "
                    + logits.value().device() + " routes among up to " + most + "; use the CPU");
        }
        if (logits.value().dtype() != DType.F32) {
            throw new IllegalArgumentException("route: the router's logits are "
                    + logits.value().dtype() + "; compute them in F32, where rounding would change the choice");
        }
    }

    private static Tensor chosen(Var logits, int k) {
        return Workspace.tensor(
                logits.value().device(), DType.I32, Shape.of(logits.value().extent(0), k));
    }

    private static ExpertOrder ordered(Var logits, Tensor chosen) {
        ExpertOrder order = ExpertOrder.of(chosen, logits.value().extent(1));
        logits.backend().experts().order(chosen, order);
        return order;
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
        return linear(rows, weights, Optional.empty(), order);
    }

    /**
     * {@code y = x · Wᵀ + b} with the weight and the bias of each row's expert. The same gradients, and db = Σ dy over the
     * expert's rows.
     *
     * @param biases [E, M], or empty
     */
    public static Var linear(Var rows, Var weights, Optional<Var> biases, ExpertOrder order) {
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
        biases.ifPresent(own -> {
            Shapes.require("experts' linear", own.name(), own.value(), order.experts(), out.extent(1));
            rows.backend().experts().addBiases(out, own.value(), order);
        });
        Var[] inputs = biases.isPresent() ? new Var[] {rows, weights, biases.get()} : new Var[] {rows, weights};
        return Operation.of("experts' linear", inputs).result(out, dOut -> {
            ExpertKernels kernels = rows.backend().experts();
            if (biases.isPresent() && biases.get().requiresGrad()) {
                kernels.biasesGradient(dOut, order, biases.get().gradToAddInto());
            }
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
     * The same with weights as they are held; frozen ones have no gradient, and multiply with the bits that they have alone.
     *
     * @param biases [E, M], or empty
     */
    public static Var linear(Var rows, ExpertWeights weights, Optional<Var> biases, ExpertOrder order) {
        return switch (weights) {
            case ExpertWeights.Together together -> linear(rows, together.weights(), biases, order);
            case ExpertWeights.Each each -> frozen(rows, each.weights(), biases, order);
        };
    }

    private static Var frozen(Var rows, List<FrozenWeight> weights, Optional<Var> biases, ExpertOrder order) {
        Shapes.requireRank("experts' linear", "rows", rows.value(), 2);
        if (rows.value().extent(0) != order.pairs() || weights.size() != order.experts()) {
            throw new IllegalArgumentException(
                    "experts' linear: rows " + rows.value().shape() + " and " + weights.size() + " weights of "
                            + order.pairs() + " rows and " + order.experts() + " experts do not fit");
        }
        FrozenWeight first = weights.getFirst();
        Linear.requireInputs("experts' linear", first, rows.value().extent(1));
        Tensor out = rows.like(order.pairs(), Linear.outputs(first)); // [N · k, M]
        ExpertKernels kernels = rows.backend().experts();
        kernels.forEachExpert(
                order,
                (expert, from, to) -> Linear.timesTransposed(
                        rows.value().slice(0, from, to), weights.get(expert), out.slice(0, from, to), false));
        biases.ifPresent(own -> {
            Shapes.require("experts' linear", own.name(), own.value(), order.experts(), out.extent(1));
            kernels.addBiases(out, own.value(), order);
        });
        Var[] inputs = biases.isPresent() ? new Var[] {rows, biases.get()} : new Var[] {rows};
        return Operation.of("experts' linear", inputs).result(out, dOut -> {
            if (biases.isPresent() && biases.get().requiresGrad()) {
                kernels.biasesGradient(dOut, order, biases.get().gradToAddInto());
            }
            if (rows.requiresGrad()) {
                Tensor dRows = rows.like(); // [N · k, K]
                kernels.forEachExpert(
                        order,
                        (expert, from, to) -> Linear.timesWeight(
                                dOut.slice(0, from, to), weights.get(expert), dRows.slice(0, from, to)));
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
