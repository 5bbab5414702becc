// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/**
 * Mixture of experts: which experts a token goes to, its rows in order of their experts, products with each expert's weights,
 * and the way back.
 *
 * <p>Letters: N tokens, E experts, k experts of a token, P = N · k pairs, K and M the features before and after a product.
 */
public interface ExpertKernels {
    /** The most experts that a router may choose from. */
    default int maxExperts() {
        return Integer.MAX_VALUE;
    }

    /**
     * The k likeliest experts of each token, likeliest first; of equals the lower one. Weights are the softmax over all experts
     * (as in {@link SoftmaxKernels#softmax}), or that divided by its sum over the chosen ones, in order of slots.
     *
     * @param logits [N, E]
     * @param normalize whether a token's weights add up to 1
     * @param chosen [N, k] I32, receives the experts
     * @param weights [N, k]
     */
    void route(Tensor logits, boolean normalize, Tensor chosen, Tensor weights);

    /**
     * Gradient of {@link #route}. With p the weights of the chosen experts and c = Σ p · dWeight over the slots in order: p ·
     * (dWeight − c) of the chosen, and of the others 0 if the weights are normalized, −p · c with p their softmax if not.
     *
     * @param dLogits [N, E], overwritten
     */
    void routeBackward(Tensor logits, boolean normalize, Tensor chosen, Tensor dWeights, Tensor dLogits);

    /**
     * The k best experts of each token, best first; of equals the lower one. An expert is judged by σ(logit) + its correction, with
     * σ(z) = 1 / (1 + exp(−z)), or by 0 if its group is not kept. Weights are scale · σ, or scale · σ / (Σ σ + 1e-20) over the
     * chosen ones in order of slots.
     *
     * @param logits [N, E]
     * @param correction [E], or null for zeros
     * @param chosen [N, k] I32, receives the experts
     * @param weights [N, k]
     */
    void routeBySigmoid(Tensor logits, @Nullable Tensor correction, SigmoidRouter form, Tensor chosen, Tensor weights);

    /**
     * Gradient of {@link #routeBySigmoid}: of a chosen expert dσ · σ · (1 − σ), dσ = scale · dWeight, or with s = Σ σ + 1e-20
     * and c = Σ (σ / s) · dWeight over the slots in order scale / s · (dWeight − c); of the others 0.
     *
     * @param dLogits [N, E], overwritten
     */
    void routeBySigmoidBackward(Tensor logits, SigmoidRouter form, Tensor chosen, Tensor dWeights, Tensor dLogits);

    /**
     * Sorts the pairs by expert.
     *
     * @param chosen [N, k] I32, as {@link #route} left it
     * @param into receives the order, see {@link ExpertOrder#of}
     */
    void order(Tensor chosen, ExpertOrder into);

    /** {@code rows[r] = x[token of r]}, [P, D] from [N, D]. */
    void spread(Tensor x, ExpertOrder order, Tensor rows);

    /**
     * {@code out[n] = Σ weight · rows[row of pair]} over the token's slots in order, each a fused multiply-add.
     *
     * @param rows [P, D]
     * @param weights [N, k], or null for ones: the gradient of {@link #spread}
     * @param out [N, D], overwritten
     */
    void combine(Tensor rows, ExpertOrder order, @Nullable Tensor weights, Tensor out);

    /**
     * Gradients of {@link #combine}: {@code dRows[row of pair] = weight · dOut[n]} and dWeight the fixed sum of dOut · row.
     *
     * @param dRows overwritten; may be {@code rows}
     * @param dWeights [N, k], overwritten
     */
    void combineBackward(Tensor dOut, Tensor rows, ExpertOrder order, Tensor weights, Tensor dRows, Tensor dWeights);

    /**
     * {@code out = x · Wᵀ} with the weight of each row's expert, with the bits of {@link MatrixKernels#matmul} wherever those are
     * promised.
     *
     * @param x [P, K], sorted
     * @param weights [E, M, K], contiguous
     * @param out [P, M], overwritten
     */
    void groupedMatmul(Tensor x, Tensor weights, ExpertOrder order, Tensor out);

    /** What is done with the rows [from, to) of an expert. */
    @FunctionalInterface
    interface OfExpert {
        /** Does it. */
        void run(int expert, int from, int to);
    }

    /**
     * Calls for every expert that has rows, in order.
     *
     * @throws UnsupportedOperationException on a device, where the host does not know who has how many
     */
    default void forEachExpert(ExpertOrder order, OfExpert body) {
        throw new UnsupportedOperationException("which expert has which rows is known to the device alone");
    }

    /** {@code rows[r] += biases[expert of r]}, [P, M] and [E, M]. */
    void addBiases(Tensor rows, Tensor biases, ExpertOrder order);

    /** Gradient of {@link #addBiases}: {@code dBiases[e] += Σ dOut} over the expert's rows in order. */
    void biasesGradient(Tensor dOut, ExpertOrder order, Tensor dBiases);

    /** Gradient of {@link #groupedMatmul}: {@code dX = dOut · W}, overwritten. */
    void groupedInputGradient(Tensor dOut, Tensor weights, ExpertOrder order, Tensor dX);

    /** Gradient of {@link #groupedMatmul}: {@code dWeights += dOutᵀ · x} for each expert, over its rows in order. */
    void groupedWeightGradient(Tensor dOut, Tensor x, ExpertOrder order, Tensor dWeights);
}
