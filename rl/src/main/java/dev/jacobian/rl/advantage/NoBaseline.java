// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

/** A_i = r_i: REINFORCE without a baseline. Unbiased, with the highest variance of the family. */
public record NoBaseline() implements GroupEstimator {

    @Override
    public double[] advantages(GroupRewards group) {
        return group.minus(0);
    }
}
