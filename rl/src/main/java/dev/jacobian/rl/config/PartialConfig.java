// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;

import java.util.OptionalInt;

/** Partial rollouts: how many tokens a sample gets of one rollout, and what is learned from one that several have written. */
public record PartialConfig(
        @Setting(
                value = "null",
                doc = "tokens of a sample in one rollout; one that has not ended waits and goes on in the next, under"
                        + " newer weights; null: samples run to their end")
        OptionalInt rolloutTokenBudget,

        @Setting(
                value = "null",
                doc = "groups that are under way at once where rollout_token_budget is set, those that wait included;"
                        + " null for twice those of a rollout")
        OptionalInt inflightGroups,

        @Setting(
                value = "all",
                doc = "tokens that are learned from of a sample that weights of several rollouts wrote: all of them,"
                        + " current (those that the weights of this rollout chose) or recent (see"
                        + " max_segment_age)")
        LearnedSegments learnFromSegments,

        @Setting(
                value = "null",
                doc = "rollouts at most by which weights that learn_from_segments=recent learns from are older than"
                        + " those of this rollout")
        OptionalInt maxSegmentAge,

        @Setting(
                value = "null",
                doc = "rollouts at most that write a sample; one that has not ended by then counts as cut; null for as"
                        + " many as it takes")
        OptionalInt maxRolloutIterations) {
    /** Samples run to their end. */
    public static final PartialConfig NONE = ConfigTree.defaults(PartialConfig.class);

    /** Groups under way for each of a rollout, unless it is said. */
    private static final int INFLIGHT = 2;

    public PartialConfig {
        requireAtLeast("rollout_token_budget", 1, rolloutTokenBudget.orElse(1));
        requireAtLeast("inflight_groups", 1, inflightGroups.orElse(1));
        require(
                maxSegmentAge.isPresent() == (learnFromSegments == LearnedSegments.RECENT),
                "learn_from_segments=recent and max_segment_age go together: one says that tokens may be too old, the"
                        + " other from when on");
        require(
                maxSegmentAge.orElse(1) >= 1,
                "max_segment_age must be at least 1, got " + maxSegmentAge.orElse(1)
                        + "; learn_from_segments=current learns" + " from none that is older");
        require(
                maxRolloutIterations.orElse(2) >= 2,
                "max_rollout_iterations must be at least 2, got " + maxRolloutIterations.orElse(2)
                        + "; samples that one rollout ends are what max_completion_length makes");
        if (rolloutTokenBudget.isEmpty()) {
            requireNothing(inflightGroups.isPresent(), "inflight_groups");
            requireNothing(learnFromSegments != LearnedSegments.ALL, "learn_from_segments");
            requireNothing(maxRolloutIterations.isPresent(), "max_rollout_iterations");
        }
    }

    private static void requireNothing(boolean isSet, String key) {
        require(
                !isSet,
                key + " is about samples that wait from one rollout to the next, and without rollout_token_budget none"
                        + " does; set that too, or leave " + key + " out");
    }

    /** Whether samples may wait. */
    public boolean isOn() {
        return rolloutTokenBudget.isPresent();
    }

    /** Groups that are under way at once where a rollout takes so many. */
    public int inflight(int groups) {
        return isOn() ? inflightGroups.orElse((int) Math.min((long) INFLIGHT * groups, Integer.MAX_VALUE)) : groups;
    }

    /** Refuses what makes no difference for samples of at most so many tokens and rollouts of so many groups. */
    public void requireFor(int maxCompletionLength, int groups) {
        if (!isOn()) {
            return;
        }
        int budget = rolloutTokenBudget.getAsInt();
        require(
                budget < maxCompletionLength,
                "rollout_token_budget (" + budget + ") pauses nothing, because no completion has more than"
                        + " max_completion_length (" + maxCompletionLength + ") tokens; lower it, or leave it out");
        int rollouts = Math.ceilDiv(maxCompletionLength, budget);
        require(
                maxRolloutIterations.orElse(2) <= Math.max(2, rollouts - 1),
                "max_rollout_iterations (" + maxRolloutIterations.orElse(2) + ") ends nothing, because " + rollouts
                        + " rollouts of rollout_token_budget (" + budget + ") tokens reach max_completion_length ("
                        + maxCompletionLength + "); lower it, or leave it out");
        require(
                inflightGroups.orElse(groups) >= groups,
                "inflight_groups (" + inflightGroups.orElse(groups) + ") must be at least the " + groups
                        + " groups of a rollout (prompts_per_step)");
    }
}
