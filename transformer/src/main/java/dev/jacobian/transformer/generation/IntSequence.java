// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import java.util.Arrays;

/** A growing list of token ids without boxing. */
final class IntSequence {
    private int[] values = new int[16];
    private int size;

    void add(int value) {
        if (size == values.length) {
            values = Arrays.copyOf(values, 2 * size);
        }
        values[size++] = value;
    }

    int get(int index) {
        return values[index];
    }

    int size() {
        return size;
    }

    int[] toArray() {
        return Arrays.copyOf(values, size);
    }
}
