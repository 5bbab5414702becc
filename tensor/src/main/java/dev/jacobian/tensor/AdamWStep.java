// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/**
 * Constants of one AdamW step.
 *
 * @param gradientScale factor applied to the gradient first (clipping)
 * @param decay 1 − learning rate · weight decay
 * @param beta1 decay of the first moment; kernels round β and 1 − β to F32 each, since 1 − β of a rounded β is off by
 *     up to 5e-5 of its value
 * @param beta2 decay of the second moment
 * @param stepSize learning rate / (1 − β1ᵗ)
 * @param inverseRootCorrection 1 / √(1 − β2ᵗ)
 */
public record AdamWStep(
        float gradientScale,
        float decay,
        double beta1,
        double beta2,
        float stepSize,
        float inverseRootCorrection,
        float epsilon) {}
