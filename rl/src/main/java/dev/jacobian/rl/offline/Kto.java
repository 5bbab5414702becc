// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Kahneman–Tversky optimization (Ethayarajh et al., arXiv 2402.01306): completions that somebody liked or did not, each for itself.
 *
 * <pre>
 * r    = log π(y|x) − log π_ref(y|x)
 * z    = max(0, mean over the micro-batch of log π(y'|x) − log π_ref(y'|x))     y' the completion of the example before; no gradient
 * loss = mean of λ_D (1 − σ(β(r − z))) where liked, λ_U (1 − σ(β(z − r))) where not
 * </pre>
 *
 * <p>{@code apo_zero_unpaired} (arXiv 2408.06266) has z = 0.
 */
public record Kto(
        @Setting(value = "0.1", doc = "how strongly the policy is held to the reference")
        double beta,

        @Setting(value = "kto", doc = "kto, or apo_zero_unpaired")
        LossType lossType,

        @Setting(value = "1.0", doc = "weight of completions that were liked")
        double desirableWeight,

        @Setting(value = "1.0", doc = "weight of completions that were not")
        double undesirableWeight,

        ReferenceConfig referenceConfig)
        implements JudgedMethod {
    /** Whether there is a reference point. */
    public enum LossType {
        /** The KL estimate. */
        KTO,
        /** None. */
        APO_ZERO_UNPAIRED
    }

    /** As the paper has it. */
    public static final Kto DEFAULT = ConfigTree.defaults(Kto.class);

    public Kto {
        requirePositive("beta", beta);
        requireAtLeast("desirable_weight", 0, desirableWeight);
        requireAtLeast("undesirable_weight", 0, undesirableWeight);
    }

    @Override
    public String name() {
        return "kto";
    }

    @Override
    public String paper() {
        return "Ethayarajh et al., arXiv 2402.01306";
    }

    @Override
    public Map<String, Object> defaults() {
        return Map.of("learning_rate", 1e-6, "lr_scheduler_type", "linear");
    }

    @Override
    public boolean scoresAside() {
        return lossType == LossType.KTO;
    }

    @Override
    public List<Span> aside(List<Judged> batch) {
        List<Judged> mismatched = new ArrayList<>();
        for (int i = 0; scoresAside() && i < batch.size(); i++) {
            Judged before = batch.get((i + batch.size() - 1) % batch.size());
            mismatched.add(batch.get(i).with(before));
        }
        return Judged.spans(mismatched);
    }

    @Override
    public Loss loss(Batch<Judged> batch) {
        SpanScores policy = batch.policy();
        Loss loss = Loss.of(policy);
        double z = 0;
        for (int i = 0; scoresAside() && i < batch.size(); i++) {
            z += (batch.aside().sum(2 * i + 1)
                            - batch.referenceAside().orElseThrow().sum(2 * i + 1))
                    / batch.size();
        }
        z = Math.max(0, z);
        double share = 1.0 / ((double) batch.size() * batch.window().microBatches());
        for (int i = 0; i < batch.size(); i++) {
            int span = 2 * i + 1;
            boolean liked = batch.examples().get(i).desirable();
            double sign = liked ? 1 : -1;
            double weight = share * (liked ? desirableWeight : undesirableWeight);
            double x = gain(batch.logRatio(span), z, liked);
            loss.add(weight * (1 - Sigmoids.sigmoid(x)), span, -weight * sign * beta * Sigmoids.slope(x));
            batch.meter().add("entropy", policy.sum(policy.tokens().entropy(), span), policy.count(span));
        }
        batch.meter().value("kl", z);
        JudgedMetrics.measure(batch, beta, false);
        return loss;
    }

    /** What a completion's log-ratio gains over the point z, liked or not; the loss is 1 − σ of it. */
    double gain(double logRatio, double z, boolean liked) {
        return (liked ? 1 : -1) * beta * (logRatio - z);
    }
}
