// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.observe;

import dev.jacobian.rl.learn.Agreement;
import dev.jacobian.rl.learn.CreditedGroup;
import dev.jacobian.rl.learn.Update;
import dev.jacobian.rl.objective.ObjectiveStatistics;
import dev.jacobian.rl.rollout.ScoredGroup;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * What happened in one step, as observers see it when it is over.
 *
 * @param number 1 for the first step
 * @param of steps of the whole run
 * @param sampled every group that was sampled and scored for it, admitted or not; none in a step that goes on with an earlier
 *     step's samples
 * @param batch what was learned from
 * @param updates its optimizer steps, in order
 * @param klToInitial estimate of KL(policy || initial model) per token, if it was measured
 */
public record TrainingStep(
        int number,
        int of,
        List<ScoredGroup> sampled,
        List<CreditedGroup> batch,
        List<Learned> updates,
        OptionalDouble klToInitial) {
    public TrainingStep {
        sampled = List.copyOf(sampled);
        batch = List.copyOf(batch);
        updates = List.copyOf(updates);
    }

    /** Tokens that were computed to sample it: a prompt that a group shares once. */
    public long tokens() {
        return sampled.stream().mapToLong(scored -> scored.group().tokens()).sum();
    }

    /** The tokens as TRL counts them: each choice that counts, and each sample's prompt. */
    public long tokensInTrlsTerms() {
        return sampled.stream()
                .mapToLong(scored ->
                        (long) scored.group().promptLength() * scored.group().size()
                                + Arrays.stream(scored.choices()).sum())
                .sum();
    }

    /**
     * One optimizer step, on its part of the batch.
     *
     * @param update loss, norm and rate
     * @param objective what the objective counted
     * @param agreement the policy's own view of the samples just before
     * @param auxLoss the load-balancing loss of its experts before it is weighted, if it is part of the loss
     * @param measures metrics by name, each the mean over the step's micro-batches of its mean within one
     */
    public record Learned(
            Update update,
            ObjectiveStatistics objective,
            Agreement agreement,
            OptionalDouble auxLoss,
            Map<String, Double> measures) {}
}
