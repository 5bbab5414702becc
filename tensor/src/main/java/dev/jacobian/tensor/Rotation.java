// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/**
 * A turn of {@link PositionKernels#rotary}.
 *
 * @param cos [P, dimensions / 2], {@code sin} likewise
 * @param positions [N]
 */
public record Rotation(Tensor cos, Tensor sin, int[] positions) {
    /** Elements of a head that is turned as a whole. */
    public int headDim() {
        return 2 * cos.extent(1);
    }
}
