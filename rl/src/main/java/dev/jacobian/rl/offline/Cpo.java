// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.autograd.TokenLogProbs.Measure;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Contrastive preference optimization (Xu et al., arXiv 2401.08417), SimPO (Meng et al., arXiv 2405.14734) and AlphaPO (arXiv 2501.03884): DPO
 * without a reference.
 *
 * <pre>
 * a, b = log π of chosen and rejected: sums over tokens, for simpo and ipo means
 * r(a) = a, or with AlphaPO's α (1 − e^{−αa}) / α
 * h    = r(a) − r(b), for simpo less γ/β
 * loss = mean L(βh) − cpo_alpha mean log π(y_chosen);  L = −(1 − ε) log σ(x) − ε log σ(−x), max(0, 1 − x) or (h − 1/2β)²
 * </pre>
 */
public record Cpo(
        @Setting(value = "0.1", doc = "scale of rewards; SimPO's papers use 2 to 10")
        double beta,

        @Setting(value = "sigmoid", doc = "sigmoid (CPO), hinge, ipo or simpo")
        LossType lossType,

        @Setting(value = "1.0", doc = "weight of fine-tuning on what was chosen; SimPO has 0")
        double cpoAlpha,

        @Setting(value = "0.5", doc = "simpo: the margin that is asked for")
        double simpoGamma,

        @Setting(value = "0.0", doc = "alpha of AlphaPO's rewards; 0 for log-probabilities")
        double alpha,

        @Setting(value = "0.0", doc = "chance that a label is wrong; for sigmoid and simpo")
        double labelSmoothing)
        implements PreferenceMethod {
    /** Losses of a margin. */
    public enum LossType {
        /** CPO. */
        SIGMOID,
        /** SLiC. */
        HINGE,
        /** IPO, of means. */
        IPO,
        /** SimPO, of means with a margin. */
        SIMPO
    }

    /** CPO as TRL has it. */
    public static final Cpo DEFAULT = ConfigTree.defaults(Cpo.class);

    public Cpo {
        requirePositive("beta", beta);
        require(
                labelSmoothing >= 0 && labelSmoothing < 0.5,
                "label_smoothing must lie in [0, 0.5), got " + labelSmoothing);
    }

    @Override
    public String name() {
        return "cpo";
    }

    @Override
    public String paper() {
        return "Xu et al., arXiv 2401.08417; simpo: Meng et al., arXiv 2405.14734";
    }

    @Override
    public List<String> remarks() {
        List<String> remarks = new ArrayList<>();
        if (labelSmoothing > 0 && (lossType == LossType.HINGE || lossType == LossType.IPO)) {
            remarks.add("label_smoothing does nothing: sigmoid and simpo have it");
        }
        if (simpoGamma != DEFAULT.simpoGamma && lossType != LossType.SIMPO) {
            remarks.add("simpo_gamma does nothing: only loss_type=simpo has a margin");
        }
        return remarks;
    }

    @Override
    public Set<Measure> measures() {
        return Set.of(Measure.MEAN_LOGIT);
    }

    @Override
    public Loss loss(Batch<Preference> batch) {
        SpanScores policy = batch.policy();
        Loss loss = Loss.of(policy);
        double share = 1.0 / ((double) batch.size() * batch.window().microBatches());
        long tokens = 0; // of chosen completions
        for (int i = 0; i < batch.size(); i++) {
            tokens += policy.count(3 * i + 1);
        }
        for (int i = 0; i < batch.size(); i++) {
            MeanPair pair = MeanPair.of(policy, i, lossType == LossType.SIMPO || lossType == LossType.IPO);
            double margin = lossType == LossType.SIMPO ? simpoGamma / beta : 0;
            double h = reward(pair.chosen()) - reward(pair.rejected()) - margin;
            double slope = share * slope(h);
            loss.add(share * value(h));
            pair.slope(loss, slope * rewardSlope(pair.chosen()), -slope * rewardSlope(pair.rejected()));
            if (cpoAlpha != 0) {
                double pull = cpoAlpha * share * batch.size() / (double) tokens;
                loss.add(-pull * policy.sum(3 * i + 1), 3 * i + 1, -pull);
            }
            batch.meter().add("nll_loss", cpoAlpha == 0 ? 0 : -policy.sum(3 * i + 1), policy.count(3 * i + 1));
            pair.measure(batch.meter(), beta * reward(pair.chosen()), beta * reward(pair.rejected()));
        }
        return loss;
    }

    private double reward(double log) {
        return alpha == 0 ? log : -StrictMath.expm1(-alpha * log) / alpha;
    }

    private double rewardSlope(double log) {
        return alpha == 0 ? 1 : StrictMath.exp(-alpha * log);
    }

    private double value(double h) {
        return switch (lossType) {
            case SIGMOID, SIMPO ->
                -(1 - labelSmoothing) * Sigmoids.logSigmoid(beta * h) - labelSmoothing * Sigmoids.logSigmoid(-beta * h);
            case HINGE -> Math.max(0, 1 - beta * h);
            case IPO -> (h - 1 / (2 * beta)) * (h - 1 / (2 * beta));
        };
    }

    private double slope(double h) {
        return switch (lossType) {
            case SIGMOID, SIMPO ->
                beta
                        * (-(1 - labelSmoothing) * Sigmoids.sigmoid(-beta * h)
                                + labelSmoothing * Sigmoids.sigmoid(beta * h));
            case HINGE -> beta * h < 1 ? -beta : 0;
            case IPO -> 2 * (h - 1 / (2 * beta));
        };
    }
}
