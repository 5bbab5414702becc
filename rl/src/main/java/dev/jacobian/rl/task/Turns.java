// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task;

import dev.jacobian.tensor.Rng;

/**
 * Several sources that take turns at random, by their weights: whose turn the n-th is, and which of the source's own it is. A pure function of n;
 * what was counted last is kept, because neighbours are asked for one after the other.
 */
public final class Turns {
    private final double[] upTo;
    private final long seed;
    private long counted;
    private long[] counts;

    /**
     * A turn.
     *
     * @param of the source's place
     * @param number how many turns it had before
     */
    public record Turn(int of, long number) {}

    /** @param weights of the sources, from 0 on; they add up to 1 */
    public Turns(double[] weights, long seed) {
        this.seed = seed;
        this.upTo = new double[weights.length];
        double sum = 0;
        for (int i = 0; i < weights.length; i++) {
            sum += weights[i];
            upTo[i] = sum;
        }
        this.counts = new long[weights.length];
    }

    /** The n-th turn, from 0. */
    public synchronized Turn at(long n) {
        if (n < counted) {
            counted = 0;
            counts = new long[upTo.length];
        }
        while (counted < n) {
            counts[whose(counted++)]++;
        }
        int of = whose(n);
        return new Turn(of, counts[of]);
    }

    private int whose(long n) {
        double uniform = new Rng(seed, n).nextDouble() * upTo[upTo.length - 1];
        int source = 0;
        while (uniform >= upTo[source]) {
            source++;
        }
        return source;
    }
}
