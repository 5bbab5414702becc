// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda;

import java.util.Arrays;

/**
 * Rows sorted by where they go, so that a kernel adds up all that go to one place without atomics and in order.
 *
 * @param order [R] the rows, those of one target together and in their first order
 * @param starts [U + 1] where each target's begin in {@code order}
 * @param targets [U] the different targets, rising
 */
record RowGroups(int[] order, int[] starts, int[] targets) {
    static RowGroups of(int[] rows) {
        long[] keyed = new long[rows.length]; // target above, row below: sorting is stable by construction
        for (int i = 0; i < rows.length; i++) {
            keyed[i] = (long) rows[i] << Integer.SIZE | i;
        }
        Arrays.sort(keyed);
        int[] order = new int[rows.length];
        int[] starts = new int[rows.length + 1];
        int[] targets = new int[rows.length];
        int different = 0;
        for (int i = 0; i < rows.length; i++) {
            order[i] = (int) keyed[i];
            int target = (int) (keyed[i] >>> Integer.SIZE);
            if (i == 0 || target != targets[different - 1]) {
                starts[different] = i;
                targets[different++] = target;
            }
        }
        starts[different] = rows.length;
        return new RowGroups(order, Arrays.copyOf(starts, different + 1), Arrays.copyOf(targets, different));
    }
}
