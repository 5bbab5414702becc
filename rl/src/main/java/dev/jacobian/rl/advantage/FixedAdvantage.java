// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import java.util.Arrays;

/**
 * A_i = a of every sample with a reward, whatever it is: what is selected counts alike.
 *
 * @param advantage a
 */
public record FixedAdvantage(double advantage) implements GroupEstimator {
    @Override
    public double[] advantages(GroupRewards group) {
        return Arrays.stream(group.rewards())
                .map(reward -> Double.isNaN(reward) ? 0 : advantage)
                .toArray();
    }
}
