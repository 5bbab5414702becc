// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

import dev.jacobian.rl.advantage.AdvantageEstimator;
import dev.jacobian.rl.advantage.GroupAdvantages;
import dev.jacobian.rl.advantage.GroupRewards;
import dev.jacobian.rl.rollout.ScoredGroup;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A scored group with the advantage of every token: what a gradient is made of.
 *
 * @param scored samples and what they earned
 * @param advantages one for each token that the policy chose
 */
public record CreditedGroup(ScoredGroup scored, GroupAdvantages advantages) {
    public CreditedGroup {
        advantages.requireFor(scored.choices());
    }

    /** Asks an estimator for the advantages of a whole batch. */
    public static List<CreditedGroup> of(List<ScoredGroup> batch, AdvantageEstimator estimator) {
        List<GroupAdvantages> advantages = estimator.advantages(batch.stream()
                .map(group -> new GroupRewards(group.rewards(), group.choices(), group.tokenRewards()))
                .toList());
        if (advantages.size() != batch.size()) {
            throw new IllegalArgumentException("the estimator " + estimator + " gave advantages for "
                    + advantages.size() + " groups of " + batch.size());
        }
        return IntStream.range(0, batch.size())
                .mapToObj(g -> of(batch.get(g), advantages.get(g)))
                .toList();
    }

    private static CreditedGroup of(ScoredGroup scored, GroupAdvantages advantages) {
        return advantages
                .kept()
                .map(kept -> new CreditedGroup(
                        scored.keeping(kept), advantages.only(kept.length == 0 ? new int[] {0} : kept)))
                .orElseGet(() -> new CreditedGroup(scored, advantages));
    }
}
