// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout.partial;

import dev.jacobian.rl.config.LearnedSegments;
import dev.jacobian.rl.config.PartialConfig;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Trajectory;
import java.util.Optional;

/**
 * Which tokens of a group are learned from, by the age of the weights that chose them.
 *
 * <p>Decision: what is not learned from stops being a choice ({@link Trajectory#choicesOf}) and stands where it is as a tool's text does: later
 * tokens still follow on it, rewards were given for the whole, and the sample keeps its part in what its group is compared
 * with. So every method, divisor and metric leaves it out by the rule that it has already. A group without a token that is learned
 * from teaches nothing, and another takes its place.
 *
 * @param learnFromSegments which
 * @param mostAge rollouts ago at most, where it is {@link LearnedSegments#RECENT}
 * @param updates optimizer steps between two rollouts: what versions are counted in
 */
public record SegmentPolicy(LearnedSegments learnFromSegments, int mostAge, int updates) {
    /** As a configuration has it. */
    public static SegmentPolicy of(PartialConfig config, int updates) {
        return new SegmentPolicy(
                config.learnFromSegments(), config.maxSegmentAge().orElse(0), updates);
    }

    /** Whether every token is learned from. */
    public boolean isAll() {
        return learnFromSegments == LearnedSegments.ALL;
    }

    /**
     * A group as it is learned from.
     *
     * @param version of the weights that sample now
     * @return nothing if none of its tokens is
     */
    public Optional<ScoredGroup> of(ScoredGroup group, long version) {
        if (isAll()) {
            return Optional.of(group);
        }
        long oldest = version - (long) mostAge * updates;
        ScoredGroup recent = group.choicesOf(chooser -> chooser >= oldest);
        return recent.group().samples().stream().anyMatch(sample -> sample.choices() > 0)
                ? Optional.of(recent)
                : Optional.empty();
    }
}
