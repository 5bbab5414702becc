// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** The counted arrays of a workspace: how many of each length wait, and what had to be made because none did. */
final class CountedArrays {
    private final TreeMap<Integer, Long> waiting = new TreeMap<>(); // arrays by length
    private final Map<Shape, Long> made = new LinkedHashMap<>(); // bytes by the shape that an array was made for
    private long pages; // bytes

    /** How many arrays wait, by length. */
    NavigableMap<Integer, Long> waiting() {
        return waiting;
    }

    /** An array of that length, one that waits if there is one. */
    CountedArray take(int length, Shape shape) {
        made.merge(shape, bytesToMake(length, 1), Long::sum);
        return new CountedArray(DType.F32, length);
    }

    /** So many pages of a cache, those that wait first. */
    CountedArray takePages(int length, long count) {
        pages += bytesToMake(length, count);
        return new CountedArray(DType.F32, length, count);
    }

    /** Bytes of pages that are no arrays of floats. */
    void addPages(long bytes) {
        pages += bytes;
    }

    private long bytesToMake(int length, long count) {
        long idle = waiting.getOrDefault(length, 0L);
        if (idle > count) {
            waiting.put(length, idle - count);
            return 0;
        }
        waiting.remove(length);
        return Math.multiplyExact(count - idle, (long) Float.BYTES * length);
    }

    /** Takes an array back. */
    void giveBack(CountedArray array) {
        waiting.merge(array.length(), array.copies(), Long::sum);
    }

    /** What was made so far. */
    CountedBytes bytes() {
        return new CountedBytes(made, pages);
    }
}
