// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A_t = Σ_{s≥t} r_s − r(greedy): what the policy's likeliest completion earns is the baseline (ReMax, arXiv 2310.10505).
 *
 * <p>The greedy completion is drawn beside the samples ({@link GroupRewards#extra}), so that the baseline depends on none of them and
 * one sample of a prompt is enough. If it has no reward there is nothing to compare with, and all advantages of its prompt are 0.
 */
public record GreedyBaseline() implements AdvantageEstimator {
    private static final RewardToGo RETURNS = new RewardToGo(1);

    /** @throws IllegalArgumentException if there is not exactly one sample beside a group */
    @Override
    public List<GroupAdvantages> advantages(List<GroupRewards> batch) {
        return batch.stream().map(GreedyBaseline::of).toList();
    }

    private static GroupAdvantages of(GroupRewards group) {
        if (group.extra().length != 1) {
            throw new IllegalArgumentException("a greedy baseline needs the reward of the one greedy completion beside"
                    + " the samples of a prompt, and there are " + group.extra().length);
        }
        double greedy = group.extra()[0];
        return GroupAdvantages.ofTokens(IntStream.range(0, group.size())
                .mapToObj(i -> group.isScored(i) && !Double.isNaN(greedy)
                        ? Arrays.stream(RETURNS.of(group.tokenRewards(i)))
                                .map(earned -> earned - greedy)
                                .toArray()
                        : new double[group.lengths()[i]])
                .toArray(double[][]::new));
    }
}
