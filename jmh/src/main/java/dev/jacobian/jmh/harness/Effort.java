// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.harness;

/**
 * How long a side is measured in a round.
 *
 * @param rounds how often ours and the peers take turns
 * @param warmup iterations before the clock counts
 * @param iterations iterations that count; a round's time is their median
 * @param milliseconds length of an iteration; one call at least
 */
public record Effort(int rounds, int warmup, int iterations, int milliseconds) {
    /** The same with less of everything. */
    public Effort quick() {
        return new Effort(1, warmup, Math.min(iterations, 3), milliseconds);
    }
}
