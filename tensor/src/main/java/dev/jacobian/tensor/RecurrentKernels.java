// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.util.List;

/**
 * Operations that go through a sequence token by token, each going on from what the one before has left: a few rows of the input
 * (convolution), or a matrix for each head (the delta rule). And their gradients.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li><b>One token after the other, always.</b> Published kernels take the delta rule in blocks of 64 tokens as matrix products,
 *       which is another order of sums than decoding has. Here there is one order, so scoring a batch and decoding
 *       token by token are the same bits, as in attention.
 *   <li>A segment that continues another one begins with the state at that one's end, however many do so.
 *   <li>Where the sequences began earlier, the caller holds their states: one tensor for each segment, which is read and brought
 *       up to date in place. A new sequence's state is zeros. An empty list says that all sequences begin in the batch;
 *       only then is there a gradient.
 * </ul>
 */
public interface RecurrentKernels {
    /** Tokens from one state that the backward pass keeps to the next. */
    int KEPT = 32;

    /** Whether the device computes these; where it does not, each of them throws a {@link DeviceException}. */
    default boolean areThere() {
        return true;
    }

    /**
     * Depthwise causal convolution: {@code out[t, c] = bias[c] + Σ_j weight[c, j] · x[t − K + 1 + j, c]}, one chain of fused
     * multiply-adds over j that begins with the bias or 0. Rows before a sequence's first are 0.
     *
     * @param x [N, C]
     * @param weight [C, 1, K]
     * @param bias [C], or null for none
     * @param states of each segment [K − 1, C], the rows before its first; or empty
     * @param out [N, C]
     */
    void convolution(
            Tensor x, Tensor weight, @Nullable Tensor bias, Segments segments, List<Tensor> states, Tensor out);

    /**
     * Gradients of {@link #convolution} without states: {@code dX[r, c] = Σ weight[c, j] · dOut[t, c]} and {@code dWeight[c, j] +=
     * Σ_t dOut[t, c] · x[t − K + 1 + j, c]}, both with t in the order of rows, then j. A row that several segments continue gets the
     * sum of what they say. That of the bias is {@link ElementwiseKernels#sumRowsInto}.
     *
     * @param dX overwritten
     * @param dWeight accumulated into, or null when not needed
     */
    void convolutionBackward(
            Tensor dOut, Tensor x, Tensor weight, Segments segments, Tensor dX, @Nullable Tensor dWeight);

    /**
     * How much of a state is left from one token to the next: {@code out = exp(−exp(logRate) · softplus(x + bias))}, with
     * softplus(s) = max(s, 0) + log(1 + exp(−|s|)), logarithm and sum in double.
     *
     * @param x [N, H]
     * @param logRate [H]
     * @param bias [H]
     * @param out [N, H]
     */
    void decay(Tensor x, Tensor logRate, Tensor bias, Tensor out);

    /**
     * Gradients of {@link #decay}: with e = dOut · out, r = exp(logRate) and s = x + bias, {@code dX = −e · r · σ(s)} and {@code
     * dLogRate += Σ_n −e · r · softplus(s)}, rows in order. That of the bias is {@link ElementwiseKernels#sumRowsInto} of dX.
     *
     * @param out what {@link #decay} computed
     * @param dX overwritten
     * @param dLogRate accumulated into, or null when not needed
     */
    void decayBackward(
            Tensor dOut, Tensor x, Tensor logRate, Tensor bias, Tensor out, Tensor dX, @Nullable Tensor dLogRate);

    /**
     * The gated delta rule (Yang et al., 2024, arXiv:2412.06464). A head has a state S [keyDim, valueDim], which is a map from keys to
     * values; each token lets it fade, asks what it gives for the token's key, and corrects that towards the token's value:
     *
     * <pre>{@code
     * S ← decay · S
     * u = beta · (v − Sᵀk)
     * S ← S + k uᵀ
     * out = Sᵀq
     * }</pre>
     *
     * <p>Products with S are one chain of fused multiply-adds over the elements of k and q.
     *
     * @param states of each segment [H, keyDim, valueDim]; or empty
     * @param out [N, H · valueDim]
     */
    void deltaRule(DeltaInputs in, DeltaForm form, Segments segments, List<Tensor> states, Tensor out);

    /**
     * Gradients of {@link #deltaRule} without states. From the last token to the first, with S₀ before a token, S₁ faded, S₂
     * after it, and G what later tokens and continuations say of S₂:
     *
     * <pre>{@code
     * dq = S₂ dOut, G += q dOutᵀ
     * du = Gᵀk, dv = beta · du, dbeta = du · (v − S₁ᵀk)
     * G −= k dvᵀ
     * dk = G' u − S₁ dv, with G' before the line above
     * ddecay = Σ G ∘ S₀, G ← decay · G
     * }</pre>
     *
     * <p>Products with the rows of a state are fixed sums; what is summed over rows is summed in their order, and what heads say of a
     * key head that they share in the order of heads. States are not kept from the forward pass: each segment's are computed
     * again from every {@value #KEPT}th, so that memory grows with a {@value #KEPT}th of its length.
     *
     * @param gradients overwritten
     */
    void deltaRuleBackward(Tensor dOut, DeltaInputs in, DeltaForm form, Segments segments, DeltaInputs gradients);
}
