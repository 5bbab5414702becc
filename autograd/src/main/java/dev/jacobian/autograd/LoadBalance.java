// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.ExpertOrder;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;

/**
 * The loss that keeps the experts of a mixture equally busy (Fedus et al., 2021, arXiv:2101.03961, equation 4), over all routers of
 * one forward pass together, as transformers computes it.
 *
 * <pre>{@code
 * LoadBalance balance = new LoadBalance(device, experts);
 * for (...) {
 *     Routing routing = Experts.route(logits, k, true, Optional.of(balance)); // of each layer
 * }
 * Var loss = Elementwise.add(crossEntropy, Reduction.weightedSum(balance.loss(hidden), new float[] {0.001f}));
 * }</pre>
 *
 * <p>With the logits of L routers over N tokens as one matrix of L · N rows: {@code E · Σ_e f_e · P_e}, f_e the choices of expert e
 * per row, P_e its mean probability by the softmax over all experts. It is k where all are equally likely, and grows up to E where
 * the same k always win. {@code dlogit_e = E / (L · N) · p_e · (f_e − Σ_j f_j · p_j)}: the counts have no gradient.
 *
 * <p>Decision: f is known when the last router has chosen, and every router needs it on the way back. So a router adds to sums in
 * the forward pass, and the gradient is given where its choice is walked back. That needs nothing of the graph between them, and
 * holds under {@link Checkpoint} too: what is routed again after {@link #loss} is not counted again, but gets the gradient.
 *
 * <p>Everything stays on the device. For one pass; not thread-safe.
 */
public final class LoadBalance {
    private final Backend backend;
    private final int experts;
    private final Tensor chosen; // [E, 1], choices of each expert so far
    private final Tensor likely; // [E], sums of probabilities so far
    private long rows; // L · N
    private boolean complete;
    private @Nullable Tensor slopes; // [E], dloss/dp of every row; null without a gradient

    /** Before the first router. */
    public LoadBalance(Device device, int experts) {
        this.backend = Backends.of(device);
        this.experts = experts;
        chosen = zeros(device, experts, 1);
        likely = zeros(device, experts);
    }

    private static Tensor zeros(Device device, int... extents) {
        Tensor tensor = Workspace.tensor(device, DType.F32, Shape.of(extents));
        tensor.fill(0f);
        return tensor;
    }

    /** Counts a router's choices; after {@link #loss} nothing, for then the layer is computed again. */
    void count(Tensor logits, ExpertOrder order) {
        if (complete) {
            return;
        }
        if (logits.extent(1) != experts) {
            throw new IllegalArgumentException(
                    "load balance: a router among " + logits.extent(1) + " experts, others among " + experts);
        }
        Tensor ones = Workspace.like(logits, order.pairs(), 1); // [N · k, 1]
        ones.fill(1f);
        backend.experts().biasesGradient(ones, order, chosen); // exact up to 2^24 choices
        Workspace.release(ones);
        Tensor p = probabilities(logits); // [N, E]
        backend.elementwise().sumRowsInto(p, likely);
        Workspace.release(p);
        rows += logits.extent(0);
    }

    private Tensor probabilities(Tensor logits) {
        Tensor p = Workspace.like(logits); // [N, E]
        backend.softmax().softmax(logits, 1f, p);
        return p;
    }

    /**
     * The loss over all routers so far, after the last one.
     *
     * @param hidden what every router's choice went into, so that the way back from the loss leads past all of them; has no
     *     gradient of its own
     * @return [1], F32, on the device
     */
    public Var loss(Var hidden) {
        if (rows == 0) {
            throw new IllegalStateException("load balance: no router has chosen");
        }
        complete = true;
        float factor = (float) (experts / ((double) rows * rows));
        Tensor out = Workspace.like(chosen, 1); // [1]
        backend.matrices().matmul(chosen.reshape(1, experts), likely.reshape(experts, 1), out.reshape(1, 1), false);
        backend.elementwise().scale(out, factor, out);
        return Operation.of("load balance", hidden).result(out, dOut -> {
            Tensor own = Workspace.like(chosen); // [E, 1]
            backend.matrices().matmul(chosen, dOut.reshape(1, 1), own, false);
            backend.elementwise().scale(own, factor, own);
            slopes = own.reshape(experts);
            Tensor none = hidden.like();
            none.fill(0f);
            hidden.give(none);
        });
    }

    /** Adds this loss's gradient to that of a router's logits, both [N, E]. */
    void addGradient(Tensor logits, Tensor dLogits) {
        if (slopes == null) {
            return;
        }
        Tensor p = probabilities(logits); // [N, E]
        Tensor mean = Workspace.like(logits, logits.extent(0), 1); // Σ_e slope_e · p_e
        backend.matrices().matmul(p, slopes.reshape(experts, 1), mean, false);
        Tensor minus = Workspace.like(logits, 1, experts);
        minus.fill(-1f);
        Tensor above = Workspace.like(logits); // slope − mean, [N, E]
        backend.matrices().matmul(mean, minus, above, false);
        backend.elementwise().addRow(above, slopes, above);
        backend.elementwise().multiply(p, above, above);
        backend.elementwise().add(dLogits, above, dLogits);
        Workspace.release(above);
        Workspace.release(minus);
        Workspace.release(mean);
        Workspace.release(p);
    }
}
