// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

/**
 * Gives a sample that is alone in its group its reward as advantage, as verl does; the estimators themselves give it 0, as TRL and
 * OPO's authors do, because there is nothing to compare it with.
 *
 * @param inner what compares where there is something to compare
 */
public record LonelyReward(GroupEstimator inner) implements GroupEstimator {

    @Override
    public double[] advantages(GroupRewards group) {
        return group.scored() == 1 ? group.minus(0) : inner.advantages(group);
    }
}
