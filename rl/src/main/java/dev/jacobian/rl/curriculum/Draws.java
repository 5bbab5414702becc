// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.curriculum;

import dev.jacobian.tensor.Rng;

/** Draws of places from a list, functions of the random numbers they are given. */
final class Draws {
    private Draws() {}

    /** All places below {@code size} in random order. */
    static int[] shuffled(int size, Rng rng) {
        int[] order = new int[size];
        for (int i = 0; i < size; i++) {
            int j = rng.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }

    /** Some of the places below {@code size}, each equally likely; none comes again before all have come. */
    static int[] some(int size, int count, Rng rng) {
        int[] drawn = new int[count];
        int[] order = {};
        for (int i = 0; i < count; i++) {
            if (i % size == 0) {
                order = shuffled(size, rng);
            }
            drawn[i] = order[i % size];
        }
        return drawn;
    }

    /**
     * Places in proportion to their weights, one after the other; one that was drawn is not drawn again before all others have been.
     * Where only weights of 0 are left, all of those are equally likely.
     *
     * @param weights finite, from 0 on
     */
    static int[] weighted(double[] weights, int count, Rng rng) {
        int[] drawn = new int[count];
        boolean[] gone = new boolean[weights.length];
        for (int i = 0; i < count; i++) {
            if (i % weights.length == 0) {
                gone = new boolean[weights.length];
            }
            drawn[i] = one(weights, gone, rng.nextDouble());
            gone[drawn[i]] = true;
        }
        return drawn;
    }

    private static int one(double[] weights, boolean[] gone, double uniform) {
        double total = 0;
        int left = 0;
        for (int i = 0; i < weights.length; i++) {
            total += gone[i] ? 0 : weights[i];
            left += gone[i] ? 0 : 1;
        }
        double target = uniform * (total > 0 ? total : left);
        int last = -1;
        double sum = 0;
        for (int i = 0; i < weights.length; i++) {
            if (!gone[i] && (total == 0 || weights[i] > 0)) {
                sum += total > 0 ? weights[i] : 1;
                last = i;
                if (target < sum) {
                    return i;
                }
            }
        }
        return last; // the sum was rounded below the target
    }
}
