// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.LoadBalance;
import dev.jacobian.tensor.CachedRows;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Rotation;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.plan.Positions;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * What all layers of one pass share.
 *
 * @param segments how the N packed rows divide into sequences
 * @param positions position of each row, [N]
 * @param rotations by these positions, for each rotary embedding among the layers
 * @param cache keys and values of earlier tokens, when decoding
 * @param sequences cache handle of each segment, when decoding
 * @param onlookers how many of the last segments look on: they see what the sequence holds and leave nothing in the cache
 * @param balance where routers count what they choose, when the experts are to be kept equally busy
 * @param routing is shown what they choose
 */
record ForwardPass(
        Segments segments,
        int[] positions,
        Map<Positions, Rotation> rotations,
        Optional<KvCache> cache,
        int[] sequences,
        int onlookers,
        Optional<LoadBalance> balance,
        RoutingListener routing) {
    /** Whether keys and values of earlier tokens come from a cache. */
    boolean isCached() {
        return cache.isPresent();
    }

    /** The turn of each row: of queries and keys, or of queries alone where they have one of their own. */
    Rotation rotation(Positions positions) {
        return Objects.requireNonNull(rotations.get(positions));
    }

    /** What a layer carries for each segment's sequence, when decoding: the state of that number, to be brought up to date. */
    List<Tensor> states(int layer, int number) {
        return cache.orElseThrow().states(layer, number, sequences);
    }

    /** Where the rows belong in a layer of the cache. */
    CachedRows cachedRows(int layer) {
        return new CachedRows(cache.orElseThrow(), layer, sequences, segments);
    }

    /** Those of them that are kept there: all but the onlookers. */
    CachedRows keptRows(int layer) {
        if (onlookers == 0) {
            return cachedRows(layer);
        }
        int[] kept = Arrays.copyOf(sequences, sequences.length - onlookers);
        int[] lengths = new int[kept.length];
        Arrays.setAll(lengths, segments::length);
        return new CachedRows(cache.orElseThrow(), layer, kept, Segments.of(lengths));
    }
}
