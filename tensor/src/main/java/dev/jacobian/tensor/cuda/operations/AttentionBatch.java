// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import dev.jacobian.tensor.Segments;
import java.util.Comparator;
import java.util.stream.IntStream;

/** What attention kernels want to know of a ragged batch, as arrays. */
final class AttentionBatch {
    private AttentionBatch() {}

    /** Where each segment begins, and the end, [S + 1]. */
    static int[] starts(Segments segments) {
        return IntStream.rangeClosed(0, segments.count())
                .map(s -> s == segments.count() ? segments.rows() : segments.start(s))
                .toArray();
    }

    /** The segment that each continues or −1, [S]. */
    static int[] parents(Segments segments) {
        return IntStream.range(0, segments.count()).map(segments::parent).toArray();
    }

    /** Pairs of a segment and the first of up to {@code rows} rows within it, [T, 2]. */
    static int[] tiles(Segments segments, int rows) {
        int count = 0;
        for (int s = 0; s < segments.count(); s++) {
            count += Math.ceilDiv(segments.length(s), rows);
        }
        int[] tiles = new int[2 * count];
        int at = 0;
        for (int s = 0; s < segments.count(); s++) {
            for (int first = 0; first < segments.length(s); first += rows) {
                tiles[at++] = s;
                tiles[at++] = first;
            }
        }
        return tiles;
    }

    /**
     * {@link #tiles} by the position of their first row: the later a tile of queries, the more keys it sees, and the earlier
     * a tile of keys, the more queries see it. A device begins the blocks in order, and the longest should not be the last.
     *
     * @param lastFirst whether the latest positions come first
     */
    static int[] tilesByPosition(Segments segments, int rows, boolean lastFirst) {
        int[] tiles = tiles(segments, rows);
        Comparator<Integer> byPosition =
                Comparator.comparingInt(t -> segments.history(tiles[2 * t]) + tiles[2 * t + 1]);
        return IntStream.range(0, tiles.length / 2)
                .boxed()
                .sorted(lastFirst ? byPosition.reversed() : byPosition)
                .flatMapToInt(t -> IntStream.of(tiles[2 * t], tiles[2 * t + 1]))
                .toArray();
    }
}
