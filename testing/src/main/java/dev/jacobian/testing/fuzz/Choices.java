// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.testing.fuzz;

import java.util.List;
import java.util.SplittableRandom;

/** The random choices that make one input: the same for the same seed and number, whatever was made before. */
public final class Choices {
    private final SplittableRandom random;

    /** The choices of input {@code number} of a run. */
    public Choices(long seed, long number) {
        // Neighbouring numbers must not give overlapping streams; the odd factor spreads them over all 64 bits.
        this.random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + number * 0xD1B54A32D192ED03L);
    }

    /** One of 0 to {@code bound} − 1. */
    public int below(int bound) {
        return random.nextInt(bound);
    }

    /** True once in {@code n} times. */
    public boolean oneIn(int n) {
        return random.nextInt(n) == 0;
    }

    /** One of a list. */
    public <T> T of(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }
}
