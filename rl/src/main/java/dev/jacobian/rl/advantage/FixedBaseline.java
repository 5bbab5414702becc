// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

/**
 * A_i = r_i − b with a baseline that is known beforehand: ½ where rewards are win rates already.
 *
 * @param baseline b
 */
public record FixedBaseline(double baseline) implements GroupEstimator {
    @Override
    public double[] advantages(GroupRewards group) {
        return group.minus(baseline);
    }
}
