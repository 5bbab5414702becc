// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.util.Arrays;

/**
 * How the rows of a packed batch divide into token segments, and which segment continues which.
 *
 * <p>There is no padding in this project: a batch of S token segments of any lengths is one matrix of N = Σ lengths
 * rows. Segment s owns rows {@code [start(s), start(s) + length(s))}. A segment may continue another one, its parent: its
 * tokens then follow the parent's, see them in attention and count their positions on from them. That is how the samples
 * of a group share one computation of their prompt. A parent may continue another segment in turn, as when several answers go
 * on from one turn of a conversation; it stands before those that continue it. So segments are a forest, and what a segment
 * sees is the path from its root.
 */
public final class Segments {
    private final int[] starts;
    private final int[] parents;
    private final int[] histories;

    private Segments(int[] starts, int[] parents) {
        this.starts = starts;
        this.parents = parents;
        histories = new int[parents.length];
        for (int s = 0; s < parents.length; s++) {
            int parent = parents[s];
            histories[s] = parent < 0 ? 0 : Math.addExact(histories[parent], starts[parent + 1] - starts[parent]);
        }
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
     * @throws IllegalArgumentException if a parent is not an earlier segment
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
            if (parent >= s || parent < -1) {
                throw new IllegalArgumentException(
                        "segment " + s + " names parent " + parent + "; a parent must be an earlier segment");
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

    /** Number of tokens before the segment's first one: those of all segments that it continues. */
    public int history(int segment) {
        return histories[segment];
    }

    /** The segments that a sequence runs through up to this one: its root first, itself last. */
    public int[] path(int segment) {
        int depth = 1;
        for (int s = segment; parents[s] >= 0; s = parents[s]) {
            depth++;
        }
        int[] path = new int[depth];
        for (int s = segment; s >= 0; s = parents[s]) {
            path[--depth] = s;
        }
        return path;
    }

    /** The row of a position that a segment sees, its own or one before. */
    public int row(int segment, int position) {
        int s = segment;
        while (position < histories[s]) {
            s = parents[s];
        }
        return starts[s] + position - histories[s];
    }

    /** Whether a segment is continued by one that is continued itself: deeper than prompts and their samples. */
    public boolean isNested() {
        for (int parent : parents) {
            if (parent >= 0 && parents[parent] >= 0) {
                return true;
            }
        }
        return false;
    }

    /** Number of segments that others continue. */
    public int continued() {
        return (int)
                Arrays.stream(parents).filter(parent -> parent >= 0).distinct().count();
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
