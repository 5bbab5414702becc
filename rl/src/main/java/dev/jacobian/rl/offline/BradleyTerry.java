// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.config.Checks.requireAtLeast;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.transformer.plan.Head;
import java.util.OptionalDouble;

/**
 * A reward model of pairs (Bradley and Terry, 1952; Ouyang et al., arXiv 2203.02155): the chosen sequence is to score higher.
 *
 * <pre>
 * r    = the head's number at a sequence's last token
 * loss = mean of −log σ(r_chosen − r_rejected − margin) + c (r_chosen + r_rejected)²     margin of the row, 0 without
 * </pre>
 *
 * <p>The second term keeps rewards around 0 (Eisenstein et al., arXiv 2312.09244): pairs say nothing of their sum.
 */
public record BradleyTerry(
        @Setting(value = "null", doc = "c: how strongly rewards are held around 0; null for not at all")
        OptionalDouble centerRewardsCoefficient)
        implements RewardPairMethod {
    /** TRL's. */
    public static final BradleyTerry DEFAULT = ConfigTree.defaults(BradleyTerry.class);

    public BradleyTerry {
        requireAtLeast("center_rewards_coefficient", 0, centerRewardsCoefficient.orElse(0));
    }

    @Override
    public String name() {
        return "reward";
    }

    @Override
    public String paper() {
        return "Ouyang et al., arXiv 2203.02155; margin: Touvron et al., arXiv 2307.09288";
    }

    @Override
    public Head.Scores scores() {
        return Head.Scores.REWARD;
    }

    @Override
    public Loss loss(Batch<RewardPair> batch) {
        Loss loss = Loss.of(batch.policy());
        double share = batch.share();
        double center = centerRewardsCoefficient.orElse(0);
        double least = Double.POSITIVE_INFINITY;
        double most = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < batch.size(); i++) {
            int span = RewardPair.chosenOf(i);
            double chosen = batch.policy().sum(span);
            double rejected = batch.policy().sum(span + 1);
            double ahead = chosen - rejected - batch.examples().get(i).margin();
            double sum = chosen + rejected;
            loss.add(share * (center * sum * sum - Sigmoids.logSigmoid(ahead)));
            loss.slopeOfSum(span, share * (2 * center * sum - Sigmoids.sigmoid(-ahead)));
            loss.slopeOfSum(span + 1, share * (2 * center * sum + Sigmoids.sigmoid(-ahead)));
            least = Math.min(least, Math.min(chosen, rejected));
            most = Math.max(most, Math.max(chosen, rejected));
            batch.meter().value("mean_reward", sum / 2);
            batch.meter().value("accuracy", chosen > rejected ? 1 : 0);
            batch.meter().value("margin", chosen - rejected);
        }
        batch.meter().value("min_reward", least);
        batch.meter().value("max_reward", most);
        return loss;
    }
}
