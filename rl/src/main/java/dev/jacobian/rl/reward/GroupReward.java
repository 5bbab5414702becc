// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import java.util.List;

/** Scores the samples of one prompt by comparing them with each other. */
public interface GroupReward extends BatchReward {

    /**
     * Scores the samples of one prompt.
     *
     * @return one score per sample, in order
     */
    List<Score> score(Samples group);

    @Override
    default List<List<Score>> score(List<Samples> groups) {
        return groups.stream().map(this::score).toList();
    }
}
