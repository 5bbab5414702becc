// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sft;

import java.util.Arrays;

/** The order of sequences by their length, without the sequences. */
public final class LongestFirst {
    private LongestFirst() {}

    /** Places from the longest to the shortest; of equal ones the first comes first. */
    public static int[] order(int[] lengths) {
        long[] keys = new long[lengths.length];
        Arrays.setAll(keys, place -> (long) (Integer.MAX_VALUE - lengths[place]) << Integer.SIZE | place);
        Arrays.sort(keys);
        return Arrays.stream(keys).mapToInt(key -> (int) key).toArray();
    }
}
