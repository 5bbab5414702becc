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
    void rmsNormBackward(Tensor dOut, Tensor x, Tensor weight, Tensor inverseRms, Tensor dX, Tensor dWeight);
}
