// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import java.util.List;
import java.util.stream.IntStream;

/**
 * Takes from the reward of a completion that comes near the length limit, before another estimator sees it: DAPO's soft overlong
 * punishment (arXiv 2503.14476).
 *
 * <pre>
 * r_i ← r_i − clip((l_i − (limit − slope)) / slope, 0, 1)
 * </pre>
 *
 * @param inner what sees the rewards then
 * @param limit of a completion, in tokens
 * @param slope tokens before the limit in which the punishment grows from 0 to 1
 */
public record OverlongPunished(AdvantageEstimator inner, int limit, int slope) implements AdvantageEstimator {

    public OverlongPunished {
        if (slope < 1 || slope > limit) {
            throw new IllegalArgumentException("the slope of the overlong punishment must have between 1 and " + limit
                    + " tokens, the completions' limit; got " + slope);
        }
    }

    @Override
    public List<GroupAdvantages> advantages(List<GroupRewards> batch) {
        return inner.advantages(batch.stream().map(this::punished).toList());
    }

    private GroupRewards punished(GroupRewards group) {
        double[] rewards = IntStream.range(0, group.size())
                .mapToDouble(i -> group.rewards()[i] - punishment(group.lengths()[i]))
                .toArray();
        return new GroupRewards(rewards, group.lengths());
    }

    private double punishment(int length) {
        return Math.clamp((length - (limit - slope)) / (double) slope, 0.0, 1.0);
    }
}
