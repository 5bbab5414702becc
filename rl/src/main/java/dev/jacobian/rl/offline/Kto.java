// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;

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
        KtoLoss lossType,

        @Setting(value = "1.0", doc = "weight of completions that were liked")
        double desirableWeight,

        @Setting(value = "1.0", doc = "weight of completions that were not")
        double undesirableWeight,

        ReferenceConfig referenceConfig)
        implements JudgedMethod {
    /** As the paper has it. */
    public static final Kto DEFAULT = ConfigTree.defaults(Kto.class);

    public Kto {
        requirePositive("beta", beta);
        requireAtLeast("desirable_weight", 0, desirableWeight);
        requireAtLeast("undesirable_weight", 0, undesirableWeight);
    }

    @Override
    public String paper() {
        return "Ethayarajh et al., arXiv 2402.01306";
    }

    @Override
    public boolean scoresAside() {
        return lossType == KtoLoss.KTO;
    }

    @Override
    public Loss loss(Batch<Judged> batch) {
        Loss loss = Loss.of(batch.policy());
        double z = scoresAside() ? Math.max(0, JudgedMetrics.meanAsideRatio(batch)) : 0;
        for (int i = 0; i < batch.size(); i++) {
            int span = Judged.completionOf(i);
            boolean liked = batch.examples().get(i).desirable();
            double sign = liked ? 1 : -1;
            double x = gain(batch.logRatio(span), z, liked);
            double weight = batch.share() * (liked ? desirableWeight : undesirableWeight);
            loss.add(weight * (1 - Sigmoids.sigmoid(x)), span, -weight * sign * beta * Sigmoids.slope(x));
        }
        JudgedMetrics.measureEach(batch, beta, z);
        return loss;
    }

    /** What a completion's log-ratio gains over the point z, liked or not; the loss is 1 − σ of it. */
    double gain(double logRatio, double z, boolean liked) {
        return (liked ? 1 : -1) * beta * (logRatio - z);
    }
}
