// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/** Normalisation of rows, and its gradients. Several rows of a head or of a hidden state may follow each other in one tensor. */
public interface NormKernels {
    /**
     * RMSNorm (Zhang and Sennrich, 2019): {@code out = x · r · weight}, r = 1/√(mean(x²) + ε), per row.
     *
     * @param x [N, D]
     * @param weight [D]
     * @param inverseRms [N], receives r
     */
    void rmsNorm(Tensor x, Tensor weight, float epsilon, Tensor out, Tensor inverseRms);

    /**
     * Gradients of {@link #rmsNorm}: with g = dOut·weight and c = Σ_d g·x · r²/D, {@code dX = r·(g − x·c)} and
     * {@code dWeight += Σ_n dOut·x·r}, rows in order.
     *
     * @param dX receives the gradient (overwritten)
     * @param dWeight accumulated into, or null when not needed
     */
    void rmsNormBackward(Tensor dOut, Tensor x, Tensor weight, Tensor inverseRms, Tensor dX, @Nullable Tensor dWeight);

    /**
     * LayerNorm (Ba et al., 2016): {@code out = (x − mean) · r · weight + bias}, r = 1/√(mean((x − mean)²) + ε), per row. The
     * variance is taken from the centred numbers, because Σ x² − (Σ x)²/D cancels where the mean is large.
     *
     * @param x [N, D]
     * @param weight [D]
     * @param bias [D], or null for none
     * @param means [N], receives the means
     * @param inverseStd [N], receives r
     */
    void layerNorm(
            Tensor x, Tensor weight, @Nullable Tensor bias, float epsilon, Tensor out, Tensor means, Tensor inverseStd);

    /**
     * Gradients of {@link #layerNorm}: with g = dOut·weight and n = (x − mean)·r, {@code dX = r·(g − mean(g) − n·mean(g·n))}
     * and {@code dWeight += Σ_n dOut·n}, rows in order. That of the bias is {@link ElementwiseKernels#sumRowsInto}.
     *
     * @param dX receives the gradient (overwritten)
     * @param dWeight accumulated into, or null when not needed
     */
    void layerNormBackward(
            Tensor dOut, Tensor x, Tensor weight, Tensor means, Tensor inverseStd, Tensor dX, @Nullable Tensor dWeight);
}
