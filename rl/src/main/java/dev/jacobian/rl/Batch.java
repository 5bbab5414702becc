// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.rl.observe.Span;
import dev.jacobian.rl.reward.RewardRun;
import dev.jacobian.rl.rollout.ScoredGroup;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What one rollout gives to learn from: a function of the run's seed, its settings, the batches before it and the weights that sampled it.
 *
 * @param number 1 for the first
 * @param weights rollouts that the weights which sampled it had been trained on
 * @param sampled all groups that were sampled for it, with their rewards
 * @param admitted those that are learned from, perhaps sampled earlier
 * @param measures metrics of how it was sampled, of what was thrown away, of curriculum and buffer
 * @param rewards what went wrong with rewards
 * @param spans when it was sampled and scored; no part of its value
 */
record Batch(
        int number,
        int weights,
        List<ScoredGroup> sampled,
        List<ScoredGroup> admitted,
        Map<String, Double> measures,
        RewardRun.Tally rewards,
        List<Span> spans) {
    Batch {
        sampled = List.copyOf(sampled);
        admitted = List.copyOf(admitted);
        measures = Collections.unmodifiableMap(new TreeMap<>(measures));
        spans = List.copyOf(spans);
    }

    /** The same with one more metric. */
    Batch with(String measure, double value) {
        Map<String, Double> more = new TreeMap<>(measures);
        more.put(measure, value);
        return new Batch(number, weights, sampled, admitted, more, rewards, spans);
    }

    /** The same with something else that was done for it. */
    Batch with(List<Span> further) {
        List<Span> all = new ArrayList<>(further);
        all.addAll(spans);
        return new Batch(number, weights, sampled, admitted, measures, rewards, all);
    }
}
