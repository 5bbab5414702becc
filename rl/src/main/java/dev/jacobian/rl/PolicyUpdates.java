// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.rl.learn.CreditedGroup;
import dev.jacobian.rl.learn.DriftEstimate;
import dev.jacobian.rl.learn.Learner;
import dev.jacobian.rl.learn.PolicyGradient;
import dev.jacobian.rl.learn.ReferencePolicy;
import dev.jacobian.rl.learn.Update;
import dev.jacobian.rl.method.Algorithm;
import dev.jacobian.rl.observe.TrainingStep;
import dev.jacobian.transformer.CausalLM;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** The optimizer steps that a method makes on a batch, and what the initial model has to say to them. */
final class PolicyUpdates {
    private final CausalLM model;
    private final RlConfig config;
    private final Algorithm algorithm;
    private final Learner learner;
    private Optional<ReferencePolicy> initial = Optional.empty();

    PolicyUpdates(CausalLM model, RlConfig config, Learner learner) {
        this.model = model;
        this.config = config;
        this.algorithm = config.algorithm();
        this.learner = learner;
    }

    /**
     * What came of a batch.
     *
     * @param updates the optimizer steps, in order
     * @param klToInitial the policy's drift from the initial model before them, if it is measured
     */
    record Outcome(List<TrainingStep.Learned> updates, OptionalDouble klToInitial) {}

    /** Keeps the model as it is now, if the run wants to know it later. */
    void keepInitial() {
        if (initial.isEmpty()
                && (config.measuring().klSamples() > 0 || algorithm.objective().needsReference())) {
            initial = Optional.of(ReferencePolicy.of(model, config.offloadReference()));
        }
    }

    /** One optimizer step for each of the equal parts of the batch. */
    Outcome learn(List<CreditedGroup> batch) {
        int parts = algorithm.updatesPerRollout();
        List<PolicyGradient> gradients = new ArrayList<>();
        for (int u = 0; u < parts; u++) {
            gradients.add(new PolicyGradient(
                    model,
                    algorithm,
                    (float) config.rollout().temperature(),
                    config.memory().microBatchTokens(),
                    batch.subList(u * batch.size() / parts, (u + 1) * batch.size() / parts)));
        }
        OptionalDouble kl = askInitial(batch, gradients);
        if (algorithm.resetsOptimizer()) {
            learner.forget();
        }
        List<TrainingStep.Learned> updates = new ArrayList<>();
        for (PolicyGradient gradient : gradients) {
            Update update = learner.update(() -> {
                gradient.accumulate(learner.updates());
                requireOnPolicy(gradient);
                return gradient.loss();
            });
            updates.add(new TrainingStep.Learned(
                    update, gradient.statistics(), gradient.agreement(), gradient.balanceLoss()));
        }
        return new Outcome(updates, kl);
    }

    /** All that a step wants to know of the initial model, at once and before there are gradients: it may be far away. */
    private OptionalDouble askInitial(List<CreditedGroup> batch, List<PolicyGradient> gradients) {
        double[] kl = {Double.NaN};
        initial.ifPresent(reference -> reference.use(policy -> {
            if (config.measuring().klSamples() > 0) {
                kl[0] = DriftEstimate.klTo(
                        policy, batch, config.measuring().klSamples(), config.rollout(), config.memory());
            }
            if (algorithm.objective().needsReference()) {
                gradients.forEach(gradient -> gradient.scoreReference(policy));
            }
        }));
        return initial.isPresent() && config.measuring().klSamples() > 0
                ? OptionalDouble.of(kl[0])
                : OptionalDouble.empty();
    }

    private void requireOnPolicy(PolicyGradient gradient) {
        double difference = gradient.agreement().differenceMax();
        if (algorithm.strictlyOnPolicy() && gradient.foreignTokens() > 0) {
            throw new IllegalStateException(algorithm.name() + " is strictly on-policy, but other weights chose "
                    + gradient.foreignTokens()
                    + " tokens of this step; sample anew for every step (Rollouts.local, Buffer.none)");
        }
        if (algorithm.strictlyOnPolicy() && difference != 0) {
            throw new IllegalStateException(algorithm.name()
                    + " is strictly on-policy, but log-probabilities differ from the sampler's by " + difference
                    + "; sample with the weights that train (Rollouts.local)");
        }
    }
}
