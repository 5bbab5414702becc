// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
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
    public String name() {
        return "bco";
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
    public Loss loss(Batch<Judged> batch) {
        Loss loss = Loss.of(batch.policy());
        double sum = 0;
        for (int i = 0; i < batch.size(); i++) {
            sum += beta * batch.logRatio(2 * i + 1);
        }
        sum += batch.memory().getOrDefault(SUM, 0.0);
        double count = batch.size() + batch.memory().getOrDefault(COUNT, 0.0);
        batch.memory().put(SUM, sum);
        batch.memory().put(COUNT, count);
        double delta = sum / count;
        double share = 1.0 / ((double) batch.size() * batch.window().microBatches());
        for (int i = 0; i < batch.size(); i++) {
            double sign = batch.examples().get(i).desirable() ? 1 : -1;
            double x = sign * (beta * batch.logRatio(2 * i + 1) - delta);
            loss.add(-share * Sigmoids.logSigmoid(x), 2 * i + 1, -share * sign * beta * Sigmoids.sigmoid(-x));
        }
        batch.meter().value("delta", delta);
        JudgedMetrics.measure(batch, beta, true);
        return loss;
    }
}
