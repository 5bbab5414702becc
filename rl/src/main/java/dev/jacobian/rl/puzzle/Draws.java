// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.tensor.Rng;
import java.util.ArrayList;
import java.util.List;

/** Random choices, each a pure function of the numbers that it draws. */
final class Draws {
    private Draws() {}

    /** A whole number from one to another, both included. */
    static int between(Rng rng, int least, int most) {
        return least + rng.nextInt(most - least + 1);
    }

    /** A whole number from -most to most that is not 0. */
    static int nonZero(Rng rng, int most) {
        int magnitude = between(rng, 1, most);
        return flip(rng) ? magnitude : -magnitude;
    }

    /** Heads or tails. */
    static boolean flip(Rng rng) {
        return rng.nextInt(2) == 0;
    }

    /** One element. */
    static <T> T pick(Rng rng, List<T> from) {
        return from.get(rng.nextInt(from.size()));
    }

    /** All elements in a random order. */
    static <T> List<T> shuffled(Rng rng, List<T> elements) {
        List<T> order = new ArrayList<>(elements);
        for (int i = order.size() - 1; i > 0; i--) {
            int j = rng.nextInt(i + 1);
            T held = order.get(i);
            order.set(i, order.get(j));
            order.set(j, held);
        }
        return order;
    }

    /** Some different elements in a random order. */
    static <T> List<T> some(Rng rng, List<T> from, int count) {
        return List.copyOf(shuffled(rng, from).subList(0, count));
    }

    /** The numbers 0 to count - 1 in a random order. */
    static List<Integer> permutation(Rng rng, int count) {
        List<Integer> numbers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            numbers.add(i);
        }
        return shuffled(rng, numbers);
    }
}
