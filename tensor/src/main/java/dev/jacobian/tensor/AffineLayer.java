// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.util.Optional;

/**
 * A linear layer.
 *
 * @param weight [M, K], contiguous, of the type of its input
 * @param bias [M], F32
 */
public record AffineLayer(Tensor weight, Optional<Tensor> bias) {
    /** A layer without a bias. */
    public static AffineLayer of(Tensor weight) {
        return new AffineLayer(weight, Optional.empty());
    }
}
