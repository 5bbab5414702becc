// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

/**
 * Turns the rewards of one prompt's samples into advantages.
 *
 * <p>Implementations are pure functions. They give a sample without reward the advantage 0, and a group without scored
 * samples only zeros.
 */
@FunctionalInterface
public interface AdvantageEstimator {

    /**
     * The advantage of every sample of a group.
     *
     * @param group G samples of one prompt
     * @return [G] advantages in the group's order
     */
    double[] advantages(GroupRewards group);
}
