// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * A mean that is not finished: a sum over some tokens or sequences, and their number. Those of the parts of a micro-batch add up to that of the
 * whole.
 */
public record Quotient(double sum, double count) {
    /** Of both together. */
    public Quotient plus(Quotient other) {
        return new Quotient(sum + other.sum, count + other.count);
    }
}
