// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.util.List;

/**
 * One new token for each of n sequences of a {@link KvCache}: where all of it goes, decided before a pass computes it. So the
 * pass reads nothing of the host but the integers here, and {@link Replays} can give it others.
 *
 * <p>A device may make the batch larger, so that fewer shapes come up: N ≥ n rows, of which the first n are the sequences'
 * and nobody reads the others. They are token 0 at position 0 of no sequence.
 *
 * @param sequences [N] for {@link KvCache#append} and attention over the cache: these very arrays say that it is this step
 * @param positions [N] of the new tokens
 * @param integers the positions, and whatever else of the cache changes from step to step
 * @param shape equal for steps that do the same to other integers; of a step that cannot be replayed it equals no other's
 * @param memory equal as long as the cache's memory lies where it lay
 */
public record DecodeStep(int[] sequences, int[] positions, List<int[]> integers, Object shape, Object memory) {
    /** Rows N of the batch. */
    public int rows() {
        return sequences.length;
    }
}
