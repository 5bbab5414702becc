// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import java.util.List;

/**
 * Turns rewards into advantages: one for every token that the policy chose.
 *
 * <p>It sees all groups of a rollout at once, so that it may scale by the whole batch; most look at one group after another and
 * give a sample's tokens one advantage: those are {@link GroupEstimator}s.
 *
 * <p>Implementations are pure functions. They give a sample without reward the advantage 0, and a group without scored
 * samples only zeros.
 */
@FunctionalInterface
public interface AdvantageEstimator {

    /**
     * The advantages of every group.
     *
     * @param batch the groups of a rollout; of TRL's, of one generation batch
     * @return one for each, in order
     */
    List<GroupAdvantages> advantages(List<GroupRewards> batch);

    /** The rewards that samples of a group are compared by: other ones than were given where something is taken from them first. */
    default double[] comparedRewards(GroupRewards group) {
        return group.rewards();
    }

    /** Whether {@link PolicyViews#scoreNorms} must be there: an estimator that weighs samples by how much they can teach. */
    default boolean needsScoreNorms() {
        return false;
    }

    /** Whether {@link PolicyViews#ref} must be there: an estimator that takes a divergence from the rewards. */
    default boolean needsReference() {
        return false;
    }
}
