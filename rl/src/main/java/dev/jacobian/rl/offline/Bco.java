// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import java.util.List;
import java.util.Map;

/**
 * Binary classifier optimization (Jung et al., arXiv 2404.04656): a classifier of what was liked, whose logit is the reward.
 *
 * <pre>
 * r    = β (log π(y|x) − log π_ref(y|x))
 * δ    = mean of all rewards seen so far, this micro-batch's included; no gradient
 * loss = mean of −log σ(r − δ) where liked, −log σ(δ − r) where not
 * </pre>
 */
public record Bco(
        @Setting(value = "0.1", doc = "how strongly the policy is held to the reference")
        double beta,

        PaddedMetrics paddedMetrics,
        ReferenceConfig referenceConfig)
        implements JudgedMethod {
    /** TRL's. */
    public static final Bco DEFAULT = ConfigTree.defaults(Bco.class);

    private static final String SUM = "reward_sum";
    private static final String COUNT = "reward_count";

    public Bco {
        requirePositive("beta", beta);
    }

    @Override
    public String paper() {
        return "Jung et al., arXiv 2404.04656";
    }

    @Override
    public Map<String, Object> defaults() {
        return Map.of("learning_rate", 5e-7, "lr_scheduler_type", "linear");
    }

    @Override
    public List<int[]> padded(List<Judged> batch) {
        return paddedMetrics.paddedLogits() ? Judged.sequences(batch) : List.of();
    }

    @Override
    public Loss loss(Batch<Judged> batch) {
        Loss loss = Loss.of(batch.policy());
        double sum = 0;
        for (int i = 0; i < batch.size(); i++) {
            sum += beta * batch.logRatio(Judged.completionOf(i));
        }
        sum = batch.memory().merge(SUM, sum, Double::sum);
        double delta = sum / batch.memory().merge(COUNT, (double) batch.size(), Double::sum);
        for (int i = 0; i < batch.size(); i++) {
            int span = Judged.completionOf(i);
            double sign = batch.examples().get(i).desirable() ? 1 : -1;
            double x = sign * (beta * batch.logRatio(span) - delta);
            double slope = -batch.share() * sign * beta * Sigmoids.sigmoid(-x);
            loss.add(-batch.share() * Sigmoids.logSigmoid(x), span, slope);
        }
        batch.meter().value("delta", delta);
        JudgedMetrics.measurePooled(batch, beta);
        paddedMetrics.measureJudged(batch);
        return loss;
    }
}
