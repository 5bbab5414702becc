// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import java.util.stream.IntStream;

/** What the attention kernels want to know of segments, and their keys spread over pages. */
record RaggedBatch(Segments segments) {
    /** Many short segments, the children of one among many others: kernels look for them 32 segments at a time. */
    static Segments manySegments() {
        int[] lengths = IntStream.range(0, 72).map(s -> 1 + s % 3).toArray();
        int[] parents = IntStream.range(0, lengths.length)
                .map(s -> s == 2 || s == 33 || s == 34 || s == 70 ? 1 : s == 66 ? 4 : -1)
                .toArray();
        return Segments.of(lengths, parents);
    }

    int[] starts() {
        int[] starts = new int[segments.count() + 1]; // [S + 1]
        for (int s = 0; s < segments.count(); s++) {
            starts[s] = segments.start(s);
        }
        starts[segments.count()] = segments.rows();
        return starts;
    }

    int[] parents() {
        return IntStream.range(0, segments.count()).map(segments::parent).toArray();
    }

    int[] histories() {
        return IntStream.range(0, segments.count()).map(segments::history).toArray();
    }

    /** Pairs of a segment and the first of up to {@code rows} rows within it. */
    int[] tiles(int rows) {
        return IntStream.range(0, segments.count())
                .flatMap(s -> IntStream.iterate(0, first -> first < segments.length(s), first -> first + rows)
                        .flatMap(first -> IntStream.of(s, first)))
                .toArray();
    }

    /**
     * Pages of keys and values.
     *
     * @param keys [pages, kvHeads, 16, headDim]; slots without a token hold NaN
     * @param table [S, perSequence]
     */
    record Pages(Tensor keys, Tensor values, int[] table, int perSequence) {}

    /** Gives every segment pages of its own, in an order without a pattern. */
    Pages pages(Rng rng, int kvHeads, int headDim, Tensor k, Tensor v) {
        int longest = 0;
        for (int s = 0; s < segments.count(); s++) {
            longest = Math.max(longest, segments.history(s) + segments.length(s));
        }
        int perSequence = (longest + KvCache.PAGE - 1) / KvCache.PAGE;
        int count = segments.count() * perSequence;
        int[] shuffled = IntStream.range(0, count).toArray();
        for (int i = count - 1; i > 0; i--) {
            int j = rng.nextInt(i + 1);
            int other = shuffled[j];
            shuffled[j] = shuffled[i];
            shuffled[i] = other;
        }
        Tensor keys = Tensor.zeros(count, kvHeads, KvCache.PAGE, headDim);
        Tensor values = Tensor.zeros(count, kvHeads, KvCache.PAGE, headDim);
        keys.fill(Float.NaN);
        values.fill(Float.NaN);
        for (int s = 0; s < segments.count(); s++) {
            int history = segments.history(s);
            for (int position = 0; position < history + segments.length(s); position++) {
                int row = position < history
                        ? segments.start(segments.parent(s)) + position
                        : segments.start(s) + position - history;
                int page = shuffled[s * perSequence + position / KvCache.PAGE];
                for (int h = 0; h < kvHeads; h++) {
                    int to = ((page * kvHeads + h) * KvCache.PAGE + position % KvCache.PAGE) * headDim;
                    int from = (row * kvHeads + h) * headDim;
                    System.arraycopy(k.floats(), k.offset() + from, keys.floats(), to, headDim);
                    System.arraycopy(v.floats(), v.offset() + from, values.floats(), to, headDim);
                }
            }
        }
        return new Pages(keys, values, shuffled, perSequence);
    }
}
