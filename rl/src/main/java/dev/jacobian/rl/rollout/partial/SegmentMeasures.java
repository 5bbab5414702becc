// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout.partial;

import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.transformer.generation.FinishReason;
import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What metrics say of partial rollouts and of stopped samples, {@code rollout/…}. All are functions of what was sampled, so they are the
 * same in every run.
 */
public final class SegmentMeasures {
    private SegmentMeasures() {}

    /**
     * Of a rollout whose samples may wait.
     *
     * @param sampled groups that became whole in it
     * @param learned those that are learned from, as they are learned from
     * @param version of the weights that sampled
     * @param updates optimizer steps between two rollouts
     */
    public static Map<String, Double> of(
            RolloutCounts counts, List<ScoredGroup> sampled, List<ScoredGroup> learned, long version, int updates) {
        Map<String, Double> measures = new LinkedHashMap<>();
        measures.put("rollout/paused", (double) counts.paused());
        measures.put("rollout/continued", (double) counts.continued());
        measures.put("rollout/waves", (double) counts.waves());
        measures.put("rollout/sequential_tokens", (double) counts.sequentialTokens());
        measures.put("rollout/recomputed_tokens", (double) counts.recomputedTokens());
        List<Trajectory> whole = trajectories(sampled);
        measures.put("rollout/abandoned", (double) count(whole, FinishReason.ABANDONED));
        measures.put(
                "rollout/segments",
                whole.stream()
                        .mapToInt(sample -> sample.versions().runs().size())
                        .average()
                        .orElse(0));
        DoubleSummaryStatistics ages = new DoubleSummaryStatistics();
        for (Trajectory sample : trajectories(learned)) {
            for (int t = 0; t < sample.length(); t++) {
                if (sample.chosen()[t]) {
                    ages.accept((double) (version - sample.versions().at(t)) / updates);
                }
            }
        }
        measures.put("rollout/age/mean", ages.getAverage());
        measures.put("rollout/age/max", Math.max(0, ages.getMax()));
        return measures;
    }

    /** The part of the samples that ran in circles. */
    public static double repetitions(List<ScoredGroup> sampled) {
        List<Trajectory> all = trajectories(sampled);
        return (double) count(all, FinishReason.REPETITION) / Math.max(1, all.size());
    }

    private static long count(List<Trajectory> samples, FinishReason reason) {
        return samples.stream().filter(sample -> sample.finish() == reason).count();
    }

    private static List<Trajectory> trajectories(List<ScoredGroup> groups) {
        List<Trajectory> all = new ArrayList<>();
        groups.forEach(group -> all.addAll(group.group().samples()));
        return all;
    }
}
