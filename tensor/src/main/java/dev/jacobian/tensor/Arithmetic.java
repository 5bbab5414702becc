// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/**
 * How a device computes where it could in several ways: a part of a {@link Device}, and so of every tensor on it.
 *
 * <p>Decision: it is chosen where a device is, once for a model, and no operation asks anything else. Tensors on one GPU with two
 * arithmetics can be there at the same time, but not in one operation, which would have to prefer one of them in silence; {@link
 * Tensor#to} copies between them. The type that a model computes in is its own, because it is the type of its tensors.
 */
public enum Arithmetic {
    /** A GPU's fastest kernels for a shape. Their sums may have another order, and a row other bits, with other rows beside it. */
    FAST,
    /** The same, and F32 matrix products may round their inputs to TF32: faster, with 10 bits after the first. */
    TF32,
    /**
     * Kernels whose results for a row do not depend on the rows beside it, as the CPU's always are. Sampling and scoring then give
     * the same bits, in F32 those of the CPU.
     */
    BATCH_INVARIANT
}
