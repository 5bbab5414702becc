// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/** Positions in queries and keys. */
public interface PositionKernels {
    /**
     * Rotary position embedding (Su et al., 2021) in the half-split layout of Hugging Face: within each head, element i
     * and i + headDim/2 are rotated by the angle of (position, i).
     *
     * @param x [N, H · headDim]
     * @param cos [P, headDim/2]
     * @param sin [P, headDim/2]
     * @param positions row of the tables for each of the N rows
     * @param inverse rotate backwards (the gradient)
     */
    void rotary(Tensor x, int headDim, Tensor cos, Tensor sin, int[] positions, boolean inverse, Tensor out);
}
