// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import java.util.Optional;

/**
 * What all layers of one pass share.
 *
 * @param segments how the N packed rows divide into sequences
 * @param positions position of each row, [N]
 * @param cos rotary cosines, [P, headDim / 2]; {@code sin} likewise
 * @param cache keys and values of earlier tokens, when decoding
 * @param sequences cache handle of each segment, when decoding
 */
record ForwardPass(
        Segments segments, int[] positions, Tensor cos, Tensor sin, Optional<KvCache> cache, int[] sequences) {}
