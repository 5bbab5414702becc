// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import java.util.List;

/** An estimator that compares the samples of one prompt with each other, and weighs all tokens of a sample alike. */
public interface GroupEstimator extends AdvantageEstimator {

    /**
     * The advantage of every sample of a group.
     *
     * @param group G samples of one prompt
     * @return [G] advantages in the group's order
     */
    double[] advantages(GroupRewards group);

    @Override
    default List<GroupAdvantages> advantages(List<GroupRewards> batch) {
        return batch.stream()
                .map(group -> GroupAdvantages.ofSamples(advantages(group)))
                .toList();
    }
}
