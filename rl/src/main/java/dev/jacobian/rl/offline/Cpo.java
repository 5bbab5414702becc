// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import java.util.List;

/**
 * Contrastive preference optimization (Xu et al., arXiv 2401.08417), SimPO (Meng et al., arXiv 2405.14734) and AlphaPO (arXiv 2501.03884): DPO
 * without a reference.
 *
 * <pre>
 * a, b = log π of chosen and rejected: sums over tokens, for simpo and ipo means
 * r(a) = a, or with AlphaPO's α (1 − e^{−αa}) / α
 * h    = r(a) − r(b), for simpo less γ/β
 * loss = mean L(h) − cpo_alpha mean log π(y_chosen)      L one of {@link MarginLoss}
 * </pre>
 */
public record Cpo(
        @Setting(value = "0.1", doc = "scale of rewards; SimPO's papers use 2 to 10")
        double beta,

        @Setting(value = "sigmoid", doc = "sigmoid (CPO), hinge, ipo or simpo")
        MarginLoss lossType,

        @Setting(value = "1.0", doc = "weight of fine-tuning on what was chosen; SimPO has 0")
        double cpoAlpha,

        @Setting(value = "0.5", doc = "simpo: the margin that is asked for")
        double simpoGamma,

        @Setting(value = "0.0", doc = "alpha of AlphaPO's rewards; 0 for log-probabilities")
        double alpha,

        @Setting(value = "0.0", doc = "chance that a label is wrong; for sigmoid and simpo")
        double labelSmoothing,

        PaddedMetrics paddedMetrics)
        implements UnreferencedMethod {
    /** CPO as TRL has it. */
    public static final Cpo DEFAULT = ConfigTree.defaults(Cpo.class);

    public Cpo {
        requirePositive("beta", beta);
        require(labelSmoothing >= 0 && labelSmoothing < 0.5, "label_smoothing must lie in [0, 0.5)");
    }

    @Override
    public String paper() {
        return "Xu et al., arXiv 2401.08417; simpo: Meng et al., arXiv 2405.14734";
    }

    @Override
    public List<String> remarks() {
        return lossType.remarks(labelSmoothing > 0, simpoGamma != DEFAULT.simpoGamma);
    }

    @Override
    public Loss loss(Batch<Preference> batch) {
        Loss loss = Loss.of(batch.policy());
        AlphaReward r = new AlphaReward(alpha);
        ChosenLikelihood.add(loss, batch, cpoAlpha, 1);
        for (int i = 0; i < batch.size(); i++) {
            MeanPair pair = MeanPair.of(batch.policy(), i, lossType.isPerToken());
            double margin = lossType == MarginLoss.SIMPO ? simpoGamma / beta : 0;
            double h = r.of(pair.chosen()) - r.of(pair.rejected()) - margin;
            MarginLoss.Point at = lossType.at(h, beta, labelSmoothing);
            loss.add(batch.share() * at.value());
            double slope = batch.share() * at.slope();
            pair.slope(loss, slope * r.slope(pair.chosen()), -slope * r.slope(pair.rejected()));
            pair.measure(batch.meter(), beta * r.of(pair.chosen()), beta * r.of(pair.rejected()));
        }
        paddedMetrics.measurePairs(batch, 0);
        return loss;
    }
}
