// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.observe;

import dev.jacobian.rl.learn.Agreement;
import dev.jacobian.rl.objective.ObjectiveStatistics;
import dev.jacobian.rl.observe.TrainingStep.Learned;
import java.util.List;

/** What the optimizer steps did: means over them, except for the learning rate, which is the last one's. */
public final class LearningMetrics implements StepObserver {
    private static final String ENTROPY = "entropy";

    /** Those of {@link Learned#measures} that every method has. */
    private static final List<String> MEANS =
            List.of("clip_ratio/low_mean", "clip_ratio/high_mean", "clip_ratio/region_mean", "kl");

    @Override
    public void observe(TrainingStep step, Measurements measured) {
        step.klToInitial().ifPresent(kl -> measured.put("kl_to_init", kl));
        // later updates meet weights that have moved on since the samples were drawn
        Agreement first = step.updates().getFirst().agreement();
        if (!step.sampled().isEmpty() && first.compared() > 0) {
            measured.put("sampling/sampling_logp_difference/mean", first.differenceMean());
            measured.put("sampling/sampling_logp_difference/max", first.differenceMax());
        }
        measured.put(ENTROPY, step.updates().getFirst().measures().getOrDefault(ENTROPY, first.entropy()));
        int updates = step.updates().size();
        for (Learned learned : step.updates()) {
            ObjectiveStatistics objective = learned.objective();
            measured.add("loss", learned.update().loss() / updates);
            learned.auxLoss().ifPresent(balance -> measured.add("aux_loss", balance / updates));
            measured.add("grad_norm", learned.update().gradientNorm() / updates);
            measured.put("learning_rate", learned.update().learningRate());
            for (String name : MEANS) {
                measured.add(name, learned.measures().getOrDefault(name, 0.0) / updates);
            }
            measured.add("kl_to_sampler", objective.oldKlMean() / updates);
            measured.add("delta/mean", objective.absDeltaMean() / updates);
            measured.atLeast("delta/max", objective.absDeltaMax());
            measured.add("delta/agreement", objective.deltaAgreement() / updates);
            learned.measures().forEach((name, value) -> {
                if (name.startsWith("sampling/") || name.startsWith("frac_")) {
                    measured.put(name, value); // of the rollout as a whole
                } else if (!MEANS.contains(name) && !name.equals(ENTROPY)) {
                    measured.add(name, value / updates);
                }
            });
        }
    }
}
