// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.util.List;
import java.util.Optional;

/**
 * The operations of a decoder layer, several in one, for few rows: where a token is decoded, launches cost more than
 * arithmetic.
 *
 * <p>What they compute is the separate operations, rounded after each of them; the order of the sums within one may differ.
 */
public interface FusedKernels {
    /**
     * Up to how many rows these are faster than the separate operations, whose order of sums they may not have; 0 where they
     * never are, or where the order is promised.
     *
     * @param width elements of a row
     */
    int fusedRows(int width, DType dtype);

    /**
     * {@code outs[i] = rmsNorm(x) · weightᵢᵀ + biasᵢ}.
     *
     * @param x [N, K]
     * @param norm of a row of x
     * @param layers up to three
     * @param outs [N, Mᵢ] of the type of {@code x}, overwritten
     */
    void normLinear(Tensor x, RmsGain norm, List<AffineLayer> layers, List<Tensor> outs);

    /**
     * {@code out = swiGlu(rmsNorm(x) · gateᵀ, rmsNorm(x) · upᵀ)}.
     *
     * @param x [N, K]
     * @param gate [M, K], {@code up} likewise
     * @param out [N, M], overwritten
     */
    void normSwiGlu(Tensor x, RmsGain norm, Tensor gate, Tensor up, Tensor out);

    /**
     * {@code out = residual + (x · weightᵀ + bias)}.
     *
     * @param x [N, K]
     * @param residual [N, M]
     * @param out [N, M], overwritten; may be the residual
     */
    void linearAdd(Tensor x, AffineLayer layer, Tensor residual, Tensor out);

    /**
     * Normalizes the heads of queries and keys where there is a norm, turns them, and appends keys and values to a cache: the
     * bits of {@link NormKernels#rmsNorm}, {@link PositionKernels#rotary} and {@link KvCache#append}.
     *
     * @param q [N, H · headDim], {@code k}, {@code v} [N, kvHeads · headDim]
     * @param qNorm of a head of q, {@code kNorm} of k
     * @param rows where they belong
     * @param out [N, H · headDim], the queries; overwritten, may be {@code q}
     */
    void rotateAndAppend(
            Tensor q,
            Optional<RmsGain> qNorm,
            Tensor k,
            Optional<RmsGain> kNorm,
            Tensor v,
            Rotation rotation,
            CachedRows rows,
            Tensor out);
}
