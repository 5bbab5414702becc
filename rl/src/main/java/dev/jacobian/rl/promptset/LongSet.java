// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.promptset;

/** Numbers that are already mixed, 16 bytes for each at most: the runs of words of a benchmark fit in memory. */
final class LongSet {
    private static final int FIRST = 1 << 10;

    private long[] table = new long[FIRST];
    private int size;
    private boolean hasZero;

    void add(long value) {
        if (value == 0) {
            hasZero = true;
            return;
        }
        if (2L * size >= table.length) {
            long[] old = table;
            table = new long[Math.multiplyExact(old.length, 2)];
            for (long one : old) {
                if (one != 0) {
                    table[place(one)] = one;
                }
            }
        }
        int place = place(value);
        size += table[place] == 0 ? 1 : 0;
        table[place] = value;
    }

    boolean contains(long value) {
        return value == 0 ? hasZero : table[place(value)] == value;
    }

    /** Where a number is, or would be. */
    private int place(long value) {
        int place = (int) value & table.length - 1;
        while (table[place] != 0 && table[place] != value) {
            place = place + 1 & table.length - 1;
        }
        return place;
    }
}
