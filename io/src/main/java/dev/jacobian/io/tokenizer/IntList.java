// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import java.util.Arrays;

/** A growing array of ints. */
final class IntList {
    private int[] values = new int[16];
    private int size;

    void add(int value) {
        if (size == values.length) {
            values = Arrays.copyOf(values, size * 2);
        }
        values[size++] = value;
    }

    void addAll(int[] more) {
        if (size + more.length > values.length) {
            values = Arrays.copyOf(values, Math.max(size + more.length, size * 2));
        }
        System.arraycopy(more, 0, values, size, more.length);
        size += more.length;
    }

    int size() {
        return size;
    }

    int get(int index) {
        return values[index];
    }

    /** The values from the last to the first. */
    int[] reversed() {
        int[] out = new int[size];
        for (int i = 0; i < size; i++) {
            out[i] = values[size - 1 - i];
        }
        return out;
    }

    int[] toArray() {
        return Arrays.copyOf(values, size);
    }
}
