// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

import dev.jacobian.rl.config.StepPlan;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Cuts a rollout into optimizer steps of micro-batches, as a {@link StepPlan} says, and fixes what each is divided by.
 *
 * @param plan how
 * @param aggregation how token losses become one number
 */
public record StepCut(StepPlan plan, Aggregation aggregation) {
    /** The optimizer steps on a rollout, in order. */
    public List<List<MicroBatch>> steps(List<CreditedGroup> rollout) {
        return plan.trl() ? ofMicroBatches(rollout) : ofGroups(rollout);
    }

    /** Equal parts of whole groups. */
    private List<List<MicroBatch>> ofGroups(List<CreditedGroup> rollout) {
        List<List<MicroBatch>> steps = new ArrayList<>();
        int parts = plan.microBatches();
        for (int i = 0; i < plan.iterations(); i++) {
            for (int u = 0; u < parts; u++) {
                List<CreditedGroup> groups =
                        rollout.subList(u * rollout.size() / parts, (u + 1) * rollout.size() / parts);
                steps.add(List.of(MicroBatch.whole(groups, aggregation)));
            }
        }
        return steps;
    }

    private List<List<MicroBatch>> ofMicroBatches(List<CreditedGroup> rollout) {
        List<MicroBatch> all = new ArrayList<>();
        for (int from = 0; from < rollout.size(); from += plan.prompts()) {
            List<CreditedGroup> generation = rollout.subList(from, Math.min(rollout.size(), from + plan.prompts()));
            double tokens = total(generation) * plan.accumulation() / plan.microBatches();
            List<MicroBatch> own = MicroBatch.cut(generation, plan.microBatches()).stream()
                    .map(groups -> microBatch(groups, tokens))
                    .toList();
            for (int i = 0; i < plan.iterations(); i++) {
                all.addAll(own);
            }
        }
        List<List<MicroBatch>> steps = new ArrayList<>();
        for (int from = 0; from < all.size(); from += plan.accumulation()) {
            steps.add(all.subList(from, from + plan.accumulation()));
        }
        return steps;
    }

    /** @param stepTokens a step's share of the counted tokens of the generation batch */
    private MicroBatch microBatch(List<CreditedGroup> groups, double stepTokens) {
        long rows = (long) MicroBatch.lengths(groups).length * plan.accumulation();
        double tokens = aggregation instanceof Aggregation.MicroBatchTokenMean
                ? total(groups) * plan.accumulation()
                : stepTokens;
        return new MicroBatch(groups, new Normalizer(aggregation, rows, tokens), 1.0 / plan.accumulation());
    }

    private static double total(List<CreditedGroup> groups) {
        return Arrays.stream(MicroBatch.lengths(groups)).sum();
    }
}
