// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/** Positions in queries and keys. */
public interface PositionKernels {
    /**
     * Rotary position embedding (Su et al., 2021): within each head, the two elements of pair i are rotated by the angle of
     * (position, i), {@code out = (first · cos − second · sin, second · cos + first · sin)}; elements beyond the rotated ones
     * are copied.
     *
     * @param x [N, H · headDim]
     * @param form which elements are turned, and in which pairs
     * @param cos [P, dimensions/2]
     * @param sin [P, dimensions/2]
     * @param positions row of the tables for each of the N rows
     * @param inverse rotate backwards (the gradient, where cos and sin are of an angle)
     * @param out may be {@code x}
     */
    void rotary(Tensor x, RotaryForm form, Tensor cos, Tensor sin, int[] positions, boolean inverse, Tensor out);
}
