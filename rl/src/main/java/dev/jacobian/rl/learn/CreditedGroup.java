// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

import dev.jacobian.rl.advantage.AdvantageEstimator;
import dev.jacobian.rl.advantage.GroupAdvantages;
import dev.jacobian.rl.advantage.GroupRewards;
import dev.jacobian.rl.advantage.PolicyViews;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Trajectory;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A scored group with the advantage of every token: what a gradient is made of.
 *
 * @param scored samples and what they earned
 * @param advantages one for each token that the policy chose
 * @param views what policies said of those tokens when learning from them began
 */
public record CreditedGroup(ScoredGroup scored, GroupAdvantages advantages, PolicyViews views) {
    public CreditedGroup {
        advantages.requireFor(scored.choices());
    }

    /** Of samples of this engine, without a reference policy. */
    public CreditedGroup(ScoredGroup scored, GroupAdvantages advantages) {
        this(scored, advantages, sampled(scored));
    }

    /** What the sampler said of a group's choices. */
    public static PolicyViews sampled(ScoredGroup scored) {
        return PolicyViews.sampled(scored.group().samples().stream()
                .map(Trajectory::chosenLogProbs)
                .toArray(float[][]::new));
    }

    /** Asks an estimator for the advantages of a whole batch of samples of this engine. */
    public static List<CreditedGroup> of(List<ScoredGroup> batch, AdvantageEstimator estimator) {
        return of(batch, batch.stream().map(CreditedGroup::sampled).toList(), estimator);
    }

    /** Asks an estimator for the advantages of a whole batch. */
    public static List<CreditedGroup> of(
            List<ScoredGroup> batch, List<PolicyViews> views, AdvantageEstimator estimator) {
        List<GroupAdvantages> advantages = estimator.advantages(IntStream.range(0, batch.size())
                .mapToObj(g -> rewards(batch.get(g), views.get(g)))
                .toList());
        if (advantages.size() != batch.size()) {
            throw new IllegalArgumentException("the estimator " + estimator + " gave advantages for "
                    + advantages.size() + " groups of " + batch.size());
        }
        return IntStream.range(0, batch.size())
                .mapToObj(g -> of(batch.get(g), advantages.get(g), views.get(g)))
                .toList();
    }

    /** Of the samples that the estimator keeps. */
    private static CreditedGroup of(ScoredGroup scored, GroupAdvantages advantages, PolicyViews views) {
        return advantages
                .kept()
                .map(kept -> kept.length == 0 ? new int[] {0} : kept)
                .map(kept -> new CreditedGroup(
                        scored.keeping(advantages.kept().orElseThrow()), advantages.only(kept), views.only(kept)))
                .orElseGet(() -> new CreditedGroup(scored, advantages, views));
    }

    /** What an estimator knows of a group. */
    public static GroupRewards rewards(ScoredGroup group, PolicyViews views) {
        return new GroupRewards(
                group.rewards(),
                group.choices(),
                group.tokenRewards(),
                List.copyOf(group.parts().values()),
                Optional.of(views),
                group.extra());
    }

    /** Some of the samples, as a group of their own: a micro-batch may end within a group. */
    public CreditedGroup slice(int from, int to) {
        return from == 0 && to == scored.group().size()
                ? this
                : new CreditedGroup(scored.slice(from, to), advantages.slice(from, to), views.slice(from, to));
    }
}
