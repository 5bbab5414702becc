// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.transformer.CausalLM;
import java.util.List;

/**
 * On-policy distillation (Gu et al., arXiv 2306.08543; Thinking Machines, 2025): the student samples, and at each token that it chose the
 * teachers' log-probability is its reward.
 *
 * <pre>
 * y    ~ π(·|x)                          by the weights that are about to learn, so that no ratio is needed
 * A_t  = mean over teachers of log π_T(y_t|y_<t) − log π(y_t|y_<t)      no gradient; its mean is −KL(π ‖ π_T)
 * loss = −1/N Σ_t A_t log π(y_t|y_<t)                                   N completion tokens of the whole optimizer step
 * </pre>
 *
 * <p>What is logged as {@code loss} is the estimate of the divergence, 1/N Σ −A_t, whose gradient this is in expectation.
 */
public record OnPolicyDistillation(
        @Setting(value = "1.0", doc = "of sampling") double temperature,

        @Setting(value = "256", doc = "longest completion that is sampled, in tokens")
        int maxCompletionLength)
        implements DistillationMethod {
    /** Sampling from the policy itself. */
    public static final OnPolicyDistillation DEFAULT = ConfigTree.defaults(OnPolicyDistillation.class);

    public OnPolicyDistillation {
        requirePositive("temperature", temperature);
        requireAtLeast("max_completion_length", 1, maxCompletionLength);
    }

    @Override
    public String name() {
        return "distill-on-policy";
    }

    @Override
    public String paper() {
        return "Gu et al., arXiv 2306.08543; Lu and Thinking Machines, 2025, on-policy distillation";
    }

    @Override
    public boolean needsReference() {
        return true;
    }

    @Override
    public Teaching<Completed> teaching(CausalLM student, List<CausalLM> teachers, long seed) {
        Teachers.some(name(), student, teachers);
        return new Teaching<>(
                reading(),
                teachers,
                new Sampled(student, (float) temperature, maxCompletionLength, seed),
                maxCompletionLength);
    }

    @Override
    public Loss loss(Batch<Completed> batch) {
        float[] teachers = batch.reference().orElseThrow().tokens().logProbs();
        SpanScores policy = batch.policy();
        double share = 1.0 / (double) batch.window().units();
        Loss loss = Loss.of(policy);
        for (int t = 0; t < teachers.length; t++) {
            double advantage = (double) teachers[t] - policy.tokens().logProbs()[t];
            loss.add(-share * advantage);
            loss.slope(t, -share * advantage);
            batch.meter().pooled("reverse_kl", -advantage, 1);
            batch.meter().pooled("entropy", policy.tokens().entropy()[t], 1);
        }
        Completed.measure(batch);
        return loss;
    }
}
