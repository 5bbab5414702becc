// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.AttentionForm;
import dev.jacobian.tensor.CachedRows;
import dev.jacobian.tensor.Qkv;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import java.util.Objects;
import java.util.Optional;

/**
 * Causal grouped-query attention over packed segments.
 *
 * <p>Both forms are the same sums in the same order, so scoring a batch and decoding token by token give the same bits. The
 * uncached form can be differentiated.
 */
public final class Attention {
    private Attention() {}

    /**
     * {@code softmax(scale · q·kᵀ) · v} for each head, masked to earlier keys of the same sequence.
     *
     * <p>With P the softmax, Δ = dout·out: dS = P·(dout·vᵀ − Δ)·scale, dq = dS·k, dk = dSᵀ·q, dv = Pᵀ·dout. Only the
     * row maxima and sums of the forward pass are kept; P is recomputed.
     *
     * @param q [N, H · headDim], rotated
     * @param k [N, kvHeads · headDim], rotated; H is a multiple of kvHeads
     * @param v [N, kvHeads · headDim]
     * @return [N, H · headDim]
     */
    public static Var attention(Var q, Var k, Var v, Segments segments, AttentionForm form) {
        return attention(q, k, v, Optional.empty(), segments, form);
    }

    /**
     * The same where each head may also weigh a key of its own that has a score and no value, so that its weights of other keys
     * add up to less than 1 (gpt-oss).
     *
     * <p>With P_sink its weight: dsink = −Σ_n P_sink·(dout·out), and the other gradients as above.
     *
     * @param sinks [H] scores, or empty
     */
    public static Var attention(Var q, Var k, Var v, Optional<Var> sinks, Segments segments, AttentionForm form) {
        int headDim = form.headDim();
        check(q, k, v, segments, headDim);
        Qkv in = new Qkv(q.value(), k.value(), v.value());
        int heads = q.value().extent(1) / headDim;
        Var[] inputs = sinks.isPresent() ? new Var[] {q, k, v, sinks.get()} : new Var[] {q, k, v};
        Operation attention = Operation.of("attention", inputs);
        Tensor out = q.like(); // [N, H · headDim]
        Tensor stats = attention.isRecorded() || sinks.isPresent()
                ? Workspace.floatsBeside(q.value(), segments.rows(), heads, 2)
                : null; // [N, H, 2]
        q.backend().attention().attention(in, segments, form, out, stats);
        sinks.ifPresent(own -> applySinks(own, out, Objects.requireNonNull(stats)));
        return attention.result(out, dOut -> {
            Qkv gradients = new Qkv(q.like(), k.like(), v.like());
            Tensor kept = Objects.requireNonNull(stats);
            if (sinks.isPresent() && sinks.get().requiresGrad()) {
                Tensor dSinks = sinks.get().gradToAddInto(); // [H]
                q.backend()
                        .attention()
                        .sinksBackward(dOut, out, kept, sinks.get().value(), dSinks);
            }
            q.backend().attention().attentionBackward(dOut, in, out, kept, segments, form, gradients);
            q.give(gradients.q());
            k.give(gradients.k());
            v.give(gradients.v());
            Workspace.release(kept);
        });
    }

    /**
     * The same over a cache that already holds earlier tokens of the sequences; the new keys and values are appended to
     * one layer of it. Not differentiable.
     *
     * @param rows where the batch belongs
     */
    public static Var cachedAttention(Var q, Var k, Var v, CachedRows rows, AttentionForm form) {
        return cachedAttention(q, k, v, Optional.empty(), rows, form);
    }

    /** The same where each head may also weigh a key without a value. */
    public static Var cachedAttention(Var q, Var k, Var v, Optional<Var> sinks, CachedRows rows, AttentionForm form) {
        return cachedAttention(q, k, v, sinks, rows, rows, form);
    }

    /**
     * The same where only the first segments of the batch belong to their sequences. The others look on: they see what the sequence
     * whose handle they have holds and is given now, up to as many tokens as they have rows, and leave nothing behind.
     *
     * @param rows of all segments
     * @param written of the first ones, each sequence once
     */
    public static Var cachedAttention(
            Var q, Var k, Var v, Optional<Var> sinks, CachedRows rows, CachedRows written, AttentionForm form) {
        check(q, k, v, rows.segments(), form.headDim());
        if (!NoGrad.isActive()) {
            throw new IllegalStateException("attention over a cache has no gradient; run generation inside NoGrad");
        }
        int kept = written.segments().rows();
        boolean all = kept == rows.segments().rows();
        written.cache()
                .append(
                        written.layer(),
                        written.sequences(),
                        written.segments(),
                        all ? k.value() : k.value().slice(0, 0, kept),
                        all ? v.value() : v.value().slice(0, 0, kept));
        Tensor out = q.like(); // [N, H · headDim]
        if (sinks.isEmpty()) {
            q.backend().attention().attention(q.value(), rows, form, out, null);
            return Var.constant(out);
        }
        int heads = q.value().extent(1) / form.headDim();
        Tensor stats = Workspace.floatsBeside(q.value(), q.value().extent(0), heads, 2); // [N, H, 2]
        q.backend().attention().attention(q.value(), rows, form, out, stats);
        applySinks(sinks.get(), out, stats);
        Workspace.release(stats);
        return Var.constant(out);
    }

    private static void applySinks(Var sinks, Tensor out, Tensor stats) {
        Shapes.require("attention", "sinks " + sinks.name(), sinks.value(), stats.extent(1));
        sinks.backend().attention().sinks(sinks.value(), out, stats);
    }

    private static void check(Var q, Var k, Var v, Segments segments, int headDim) {
        Shapes.requireRank("attention", "q", q.value(), 2);
        Shapes.requireRank("attention", "k", k.value(), 2);
        Shapes.requireSame("attention", k.value(), v.value());
        int n = segments.rows();
        if (q.value().extent(0) != n || k.value().extent(0) != n) {
            throw new IllegalArgumentException("attention: " + n + " rows in the segments, q has shape "
                    + q.value().shape() + ", k " + k.value().shape());
        }
        if (headDim < 1
                || k.value().extent(1) < headDim
                || q.value().extent(1) % headDim != 0
                || k.value().extent(1) % headDim != 0
                || q.value().extent(1) < k.value().extent(1)
                || q.value().extent(1) % k.value().extent(1) != 0) {
            throw new IllegalArgumentException("attention: widths " + q.value().extent(1) + " and "
                    + k.value().extent(1) + " do not divide into query and key heads of " + headDim);
        }
    }
}
