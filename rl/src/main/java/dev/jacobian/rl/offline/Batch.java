// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.rl.learn.Meter;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A micro-batch, scored: what a loss is a function of.
 *
 * @param examples of the micro-batch
 * @param policy of the method's {@linkplain OfflineMethod#spans spans}, by the model that learns
 * @param reference the same by the reference policy
 * @param aside of the method's {@linkplain OfflineMethod#aside spans without gradient}, by the model that learns
 * @param referenceAside the same by the reference policy
 * @param padded logits at every place of the micro-batch as TRL has it, where the method {@linkplain OfflineMethod#padded asks}
 * @param window the optimizer step
 * @param meter takes metrics
 * @param memory what a method remembers from micro-batch to micro-batch, by name; it is saved with the run
 */
public record Batch<E>(
        List<E> examples,
        SpanScores policy,
        Optional<SpanScores> reference,
        SpanScores aside,
        Optional<SpanScores> referenceAside,
        Optional<PaddedMetrics.Logits> padded,
        Window window,
        Meter meter,
        Map<String, Double> memory) {
    /** Examples. */
    public int size() {
        return examples.size();
    }

    /** The part of an example in the step's loss, where that is a mean over examples and micro-batches. */
    public double share() {
        return 1.0 / ((double) size() * window.microBatches());
    }

    /** The log-ratio of a span: how much likelier it is to the policy than to the reference. */
    public double logRatio(int span) {
        return policy.sum(span) - reference.orElseThrow().sum(span);
    }
}
