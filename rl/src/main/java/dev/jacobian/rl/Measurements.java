// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.rl.objective.ObjectiveStatistics;
import dev.jacobian.transformer.generation.FinishReason;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Collects the metrics of one step under TRL's names. */
final class Measurements {
    private final Map<String, Double> values = new LinkedHashMap<>();

    void put(String name, double value) {
        values.put(name, value);
    }

    Map<String, Double> values() {
        return values;
    }

    void rewards(List<ScoredGroup> groups, double solvedThreshold) {
        double[] all = scored(groups.stream().map(ScoredGroup::rewards).toList());
        put("reward", mean(all));
        // TRL's reward_std: the mean over groups of the deviation within the group
        put(
                "reward_std",
                groups.stream()
                        .mapToDouble(g -> deviation(g.rewards()))
                        .average()
                        .orElse(0));
        put(
                "frac_reward_zero_std",
                groups.stream()
                        .mapToDouble(g -> deviation(g.rewards()) == 0 ? 1 : 0)
                        .average()
                        .orElse(0));
        put(
                "pass@1/train",
                Arrays.stream(all).filter(r -> r >= solvedThreshold).count() / (double) Math.max(1, all.length));
        for (String name : groups.get(0).parts().keySet()) {
            double[] part = scored(groups.stream().map(g -> g.parts().get(name)).toList());
            put("rewards/" + name + "/mean", mean(part));
            put("rewards/" + name + "/std", deviation(part));
        }
    }

    void lengths(List<Group> groups) {
        List<Integer> all = new ArrayList<>();
        List<Integer> ended = new ArrayList<>();
        for (Group group : groups) {
            for (Trajectory sample : group.samples()) {
                all.add(sample.length());
                if (sample.finishReason() == FinishReason.STOP) {
                    ended.add(sample.length());
                }
            }
        }
        lengths("completions/%s_length", all);
        lengths("completions/%s_terminated_length", ended);
        put("completions/clipped_ratio", 1 - (double) ended.size() / all.size());
    }

    private void lengths(String pattern, List<Integer> lengths) {
        var summary = lengths.stream().mapToInt(l -> l).summaryStatistics();
        boolean some = summary.getCount() > 0;
        put(pattern.replace("%s", "mean"), summary.getAverage());
        put(pattern.replace("%s", "min"), some ? summary.getMin() : 0);
        put(pattern.replace("%s", "max"), some ? summary.getMax() : 0);
    }

    /** One of {@code updates} optimizer steps: means over them, except for the learning rate, which is the last one's. */
    void update(PolicyGradient gradient, double norm, double learningRate, int updates) {
        ObjectiveStatistics statistics = gradient.statistics();
        add("loss", gradient.loss() / updates);
        add("grad_norm", norm / updates);
        put("learning_rate", learningRate);
        add("clip_ratio/low_mean", statistics.clipRatioLow() / updates);
        add("clip_ratio/high_mean", statistics.clipRatioHigh() / updates);
        add("clip_ratio/region_mean", statistics.clipRatioRegion() / updates);
        add("kl", statistics.klMean() / updates);
        add("delta/mean", statistics.absDeltaMean() / updates);
        values.merge("delta/max", statistics.absDeltaMax(), Math::max);
    }

    private void add(String name, double value) {
        values.merge(name, value, Double::sum);
    }

    private static double[] scored(List<double[]> groups) {
        return groups.stream()
                .flatMapToDouble(Arrays::stream)
                .filter(r -> !Double.isNaN(r))
                .toArray();
    }

    private static double mean(double[] x) {
        return Arrays.stream(x).average().orElse(0);
    }

    /** Bessel-corrected standard deviation of the numbers that are there. */
    private static double deviation(double[] x) {
        double[] scored = Arrays.stream(x).filter(r -> !Double.isNaN(r)).toArray();
        if (scored.length < 2) {
            return 0;
        }
        double first = scored[0];
        double mean = first + Arrays.stream(scored).map(r -> r - first).sum() / scored.length;
        double squares = Arrays.stream(scored).map(r -> (r - mean) * (r - mean)).sum();
        return Math.sqrt(squares / (scored.length - 1));
    }
}
