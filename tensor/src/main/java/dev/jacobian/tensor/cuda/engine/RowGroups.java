// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.engine;

import java.util.Arrays;

/**
 * Rows sorted by where they go, so that a kernel adds up all that go to one place without atomics and in order: arrays, or
 * places on the device that hold them.
 *
 * @param order [R] the rows, those of one target together and in their first order
 * @param starts [U + 1] where each target's begin in {@code order}
 * @param targets [U] the different targets, rising
 * @param count U; where only the device knows the rows it is R, and groups without rows follow the others
 */
public record RowGroups(Object order, Object starts, Object targets, int count) {
    static RowGroups of(int[] rows) {
        Sorted sorted = new Sorted(rows);
        int different = sorted.different;
        return new RowGroups(
                sorted.order,
                Arrays.copyOf(sorted.starts, different + 1),
                Arrays.copyOf(sorted.targets, different),
                different);
    }

    /** Integers of {@link #pack}. */
    public static int packedLength(int rows) {
        return 3 * rows + 1;
    }

    /** Writes order [R], starts [R + 1] and targets [R] of R groups one behind the other. */
    public static void pack(int[] rows, int[] into, int at) {
        Sorted sorted = new Sorted(rows);
        int n = rows.length;
        System.arraycopy(sorted.order, 0, into, at, n);
        Arrays.fill(sorted.starts, sorted.different, n + 1, n); // groups without rows
        System.arraycopy(sorted.starts, 0, into, at + n, n + 1);
        System.arraycopy(sorted.targets, 0, into, at + 2 * n + 1, n);
    }

    /** What {@link #pack} wrote, on the device. */
    public static RowGroups packed(CudaArray.View at, int rows) {
        return new RowGroups(at, at.plus(rows), at.plus(2 * rows + 1), rows);
    }

    /** The groups of an array, in arrays as long as there could be groups. */
    private static final class Sorted {
        private final int[] order;
        private final int[] starts;
        private final int[] targets;
        private int different;

        Sorted(int[] rows) {
            long[] keyed = new long[rows.length]; // target above, row below: sorting is stable by construction
            for (int i = 0; i < rows.length; i++) {
                keyed[i] = (long) rows[i] << Integer.SIZE | i;
            }
            Arrays.sort(keyed);
            order = new int[rows.length];
            starts = new int[rows.length + 1];
            targets = new int[rows.length];
            for (int i = 0; i < rows.length; i++) {
                order[i] = (int) keyed[i];
                int target = (int) (keyed[i] >>> Integer.SIZE);
                if (i == 0 || target != targets[different - 1]) {
                    starts[different] = i;
                    targets[different++] = target;
                }
            }
            starts[different] = rows.length;
        }
    }
}
