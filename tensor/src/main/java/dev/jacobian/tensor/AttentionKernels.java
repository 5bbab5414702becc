// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.util.Collections;
import java.util.List;

/** Causal attention over packed segments, with keys in the batch or in a {@link KvCache}, and its gradients. */
public interface AttentionKernels {
    /** The most elements that an attention head may have. */
    default int maxHeadDim() {
        return Integer.MAX_VALUE;
    }

    /** An empty cache for {@code layers} layers of keys and values in F32. */
    default KvCache newKvCache(int layers, int kvHeads, int headDim) {
        return newKvCache(layers, kvHeads, headDim, DType.F32);
    }

    /**
     * An empty cache for {@code layers} layers of keys and values, all of one shape.
     *
     * @param dtype of the keys, values and queries
     * @throws IllegalArgumentException if the device does not compute in the type
     */
    default KvCache newKvCache(int layers, int kvHeads, int headDim, DType dtype) {
        return newKvCache(Collections.nCopies(layers, new KvShape(kvHeads, headDim)), dtype);
    }

    /**
     * An empty cache for layers, of which each says what it keeps. A device may keep more of a layer with a window.
     *
     * @param dtype of the keys, values and queries
     * @throws IllegalArgumentException if the device does not compute in the type, or does not hold keys and values as a layer says
     */
    KvCache newKvCache(List<CacheSpec> layers, DType dtype);

    /**
     * Causal grouped-query attention of packed query rows over cached keys, which must already hold the rows' own keys
     * ({@link KvCache#append}; not yet {@link KvCache#advance}).
     *
     * <p>Keys and values are what the cache holds of them: of an 8-bit one the rounded numbers, as if they had been exact.
     *
     * <p>For a query at position p: s_j = scale · (q·k_j summed over the head's elements in order), with a soft cap c then c ·
     * tanh(s_j / c), m = max s_j, e_j =
     * exp(s_j − m), l = fixed sum of e_j by key position j, out = (Σ_j e_j v_j in order of j) · (1/l). Masked keys count
     * as e_j = 0.
     *
     * @param q [N, H · headDim]
     * @param rows where they belong; a row's position is the sequence's length plus its index in the segment
     * @param out [N, H · headDim]
     * @param stats [N, H, 2], receives m and l, or null when no gradient is needed
     */
    void attention(Tensor q, CachedRows rows, AttentionForm form, Tensor out, @Nullable Tensor stats);

    /**
     * The same for a batch whose keys are all in the batch: segment s attends to the rows of all segments that it
     * continues, and its own.
     *
     * @param out [N, H · headDim]
     * @param stats [N, H, 2], receives m and l, or null when no gradient is needed
     */
    default void attention(Qkv qkv, Segments segments, AttentionForm form, Tensor out, @Nullable Tensor stats) {
        Workspace.inner(() -> {
            int headDim = form.headDim();
            KvCache cache =
                    newKvCache(1, qkv.k().extent(1) / headDim, headDim, qkv.k().dtype());
            int[] sequences = new int[segments.count()];
            for (int s = 0; s < sequences.length; s++) {
                int parent = segments.parent(s);
                sequences[s] = parent < 0 ? cache.add() : cache.fork(sequences[parent], segments.history(s));
            }
            cache.append(0, sequences, segments, qkv.k(), qkv.v());
            attention(qkv.q(), new CachedRows(cache, 0, sequences, segments), form, out, stats);
        });
    }

    /**
     * Lets each head weigh one more key, whose score is given and whose value is 0 (gpt-oss), after {@link #attention}: with m′ =
     * max(m, sink) and l′ = l · exp(m − m′) + exp(sink − m′), out becomes out · (l · exp(m − m′) / l′). {@link #attentionBackward}
     * of the changed out and stats then gives the gradients of queries, keys and values.
     *
     * @param sinks [H]
     * @param out [N, H · headDim], changed
     * @param stats [N, H, 2], m and l; receives m′ and l′
     */
    void sinks(Tensor sinks, Tensor out, Tensor stats);

    /**
     * Gradient of {@link #sinks}: {@code dSinks[h] −= Σ_n exp(sink − m′) / l′ · (dOut · out)}, rows in order and the product of
     * each head's a fixed sum.
     *
     * @param dSinks [H], added to
     */
    void sinksBackward(Tensor dOut, Tensor out, Tensor stats, Tensor sinks, Tensor dSinks);

    /**
     * Gradients of attention over a batch whose keys are all in the batch (no cache): segment s attends to the rows
     * of all segments that it continues, and its own. With P = e/l and Δ = fixed sum of dOut·out over the head: dS =
     * P·(dOut·v_j − Δ)·scale, with a soft cap also times 1 − tanh², dQ = Σ_j dS
     * k_j, dK_j = Σ dS q, dV_j = Σ P dOut, the last two over the query rows in order (segments in order, position, then
     * head within the group).
     *
     * @param in queries and keys after rotation
     * @param stats [N, H, 2] as {@link #attention} left it
     * @param gradients overwritten
     */
    void attentionBackward(
            Tensor dOut, Qkv in, Tensor out, Tensor stats, Segments segments, AttentionForm form, Qkv gradients);
}
