// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Compares a sample with all samples of the batch instead of those of its own prompt.
 *
 * <p>Around {@link LengthWeightedBaseline} it is the "optimal batch" baseline that OPO's authors give REINFORCE++, around
 * {@link GroupNormalized} their REINFORCE++ itself. It needs no groups, and pays for that: how hard a prompt is counts as how good
 * its samples are.
 *
 * @param inner what compares
 */
public record WholeBatch(GroupEstimator inner) implements AdvantageEstimator {

    @Override
    public List<GroupAdvantages> advantages(List<GroupRewards> batch) {
        if (batch.isEmpty()) {
            return List.of();
        }
        double[] rewards = batch.stream()
                .flatMapToDouble(group -> Arrays.stream(group.rewards()))
                .toArray();
        int[] lengths = batch.stream()
                .flatMapToInt(group -> Arrays.stream(group.lengths()))
                .toArray();
        double[] all = inner.advantages(new GroupRewards(rewards, lengths));
        List<GroupAdvantages> advantages = new ArrayList<>();
        int at = 0;
        for (GroupRewards group : batch) {
            advantages.add(GroupAdvantages.ofSamples(Arrays.copyOfRange(all, at, at + group.size())));
            at += group.size();
        }
        return advantages;
    }
}
