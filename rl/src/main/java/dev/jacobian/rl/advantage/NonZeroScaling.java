// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import java.util.Arrays;
import java.util.List;

/**
 * α A / F with α = samples / samples with a reward other than 0: how group policy gradient (GPG, arXiv 2504.02546) makes up for
 * samples that teach nothing.
 *
 * @param inner what is scaled: {@link MeanBaseline} in GPG
 * @param divisor F, one number for all groups; 1 in verl
 */
public record NonZeroScaling(AdvantageEstimator inner, double divisor) implements AdvantageEstimator {

    public NonZeroScaling {
        if (!(divisor > 0)) {
            throw new IllegalArgumentException("divisor must be positive, got " + divisor);
        }
    }

    @Override
    public List<GroupAdvantages> advantages(List<GroupRewards> batch) {
        double[] rewards = batch.stream()
                .flatMapToDouble(group -> Arrays.stream(group.rewards()))
                .filter(reward -> !Double.isNaN(reward))
                .toArray();
        long other = Arrays.stream(rewards).filter(reward -> reward != 0).count();
        double scale = divisor * Math.max(1, other) / Math.max(1, rewards.length);
        return inner.advantages(batch).stream()
                .map(group -> group.dividedBy(scale))
                .toList();
    }
}
