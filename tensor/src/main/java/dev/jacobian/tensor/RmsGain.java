// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/**
 * The norm of {@link NormKernels#rmsNorm}.
 *
 * @param gain [D], F32
 * @param epsilon added to the mean square
 */
public record RmsGain(Tensor gain, float epsilon) {}
