// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.util.Arrays;

/**
 * How the rows of a packed batch divide into token segments, and which segment continues which.
 *
 * <p>There is no padding in this project: a batch of S token segments of any lengths is one matrix of N = Σ lengths
 * rows. Segment s owns rows {@code [start(s), start(s) + length(s))}. A segment may continue another one, its parent: its
 * tokens then follow the parent's, see them in attention and count their positions on from them. That is how the samples
 * of a group share one computation of their prompt. A parent has no parent itself and stands before its children.
 */
public final class Segments {
    private final int[] starts;
    private final int[] parents;

    private Segments(int[] starts, int[] parents) {
        this.starts = starts;
        this.parents = parents;
    }

    /** Segments with the given lengths that do not continue each other. */
    public static Segments of(int... lengths) {
        int[] parents = new int[lengths.length];
        Arrays.fill(parents, -1);
        return of(lengths, parents);
    }

    /**
     * Segments with the given lengths and parents.
     *
     * @param lengths tokens per segment, at least 0 each
     * @param parents for each segment the index of the segment that it continues, or -1
     * @throws IllegalArgumentException if a parent is not an earlier segment without a parent of its own
     */
    public static Segments of(int[] lengths, int[] parents) {
        if (lengths.length != parents.length) {
            throw new IllegalArgumentException(lengths.length + " lengths but " + parents.length + " parents");
        }
        int[] starts = new int[lengths.length + 1];
        for (int s = 0; s < lengths.length; s++) {
            if (lengths[s] < 0) {
                throw new IllegalArgumentException("segment " + s + " has negative length " + lengths[s]);
            }
            int parent = parents[s];
            if (parent >= s || parent < -1 || (parent >= 0 && parents[parent] >= 0)) {
                throw new IllegalArgumentException("segment " + s + " names parent " + parent
                        + "; a parent must be an earlier segment that has no parent itself");
            }
            starts[s + 1] = Math.addExact(starts[s], lengths[s]);
        }
        return new Segments(starts, parents.clone());
    }

    /** Number of segments S. */
    public int count() {
        return parents.length;
    }

    /** Number of rows N of the packed batch. */
    public int rows() {
        return starts[parents.length];
    }

    /** First row of a segment. */
    public int start(int segment) {
        return starts[segment];
    }

    /** Number of tokens of a segment. */
    public int length(int segment) {
        return starts[segment + 1] - starts[segment];
    }

    /** The segment that this one continues, or -1. */
    public int parent(int segment) {
        return parents[segment];
    }

    /** Number of tokens before the segment's first one: its parent's length, or 0. */
    public int history(int segment) {
        return parents[segment] < 0 ? 0 : length(parents[segment]);
    }

    /** Position of every row within its sequence, [N]. */
    public int[] positions() {
        int[] positions = new int[rows()];
        for (int s = 0; s < count(); s++) {
            for (int i = 0; i < length(s); i++) {
                positions[start(s) + i] = history(s) + i;
            }
        }
        return positions;
    }
}
