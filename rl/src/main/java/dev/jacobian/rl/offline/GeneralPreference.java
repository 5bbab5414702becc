// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.PreferenceScoreLoss;
import dev.jacobian.rl.reward.PreferenceFunction;
import dev.jacobian.transformer.plan.Head;

/**
 * A general preference model (Zhang et al., arXiv 2410.02197): a sequence is a vector, and who is preferred is decided between two of them,
 * so that a circle of preferences can be learned, which no reward can say.
 *
 * <pre>
 * v    = the head's 2m numbers at a sequence's last token
 * s    = Σ_k (a_2k b_2k+1 − a_2k+1 b_2k)        s(a, b) = −s(b, a), s(a, a) = 0
 * loss = mean of −log σ((s(v_chosen, v_rejected) − margin) / τ)
 * </pre>
 */
public record GeneralPreference(
        @Setting(value = "2", doc = "2m: numbers of the head, an even number")
        int valueHeadDim,

        @Setting(value = "0.1", doc = "τ: what a score is divided by")
        double tau)
        implements RewardPairMethod {
    /** The authors'. */
    public static final GeneralPreference DEFAULT = ConfigTree.defaults(GeneralPreference.class);

    public GeneralPreference {
        require(
                valueHeadDim >= 2 && valueHeadDim % 2 == 0 && valueHeadDim <= Head.MAX_LABELS,
                "value_head_dim must be an even number of at least 2, got " + valueHeadDim);
        requirePositive("tau", tau);
    }

    @Override
    public String name() {
        return "reward-preference";
    }

    @Override
    public String paper() {
        return "Zhang et al., arXiv 2410.02197";
    }

    @Override
    public Head.Scores scores() {
        return new Head.Scores(valueHeadDim, false);
    }

    @Override
    public Loss loss(Batch<RewardPair> batch) {
        Loss loss = Loss.of(batch.policy());
        PreferenceScoreLoss form = new PreferenceScoreLoss(tau);
        double share = batch.share();
        for (int i = 0; i < batch.size(); i++) {
            int span = RewardPair.chosenOf(i);
            double[] chosen = batch.policy().vector(span);
            double[] rejected = batch.policy().vector(span + 1);
            double score = PreferenceFunction.score(chosen, rejected);
            PreferenceScoreLoss.Point point =
                    form.logistic(score, batch.examples().get(i).margin());
            loss.add(share * point.loss());
            double[] byChosen = PreferenceScoreLoss.turned(rejected);
            double[] byRejected = PreferenceScoreLoss.turned(chosen); // negated
            for (int k = 0; k < valueHeadDim; k++) {
                loss.slope(batch.policy().from(span) + k, share * point.byScore() * byChosen[k]);
                loss.slope(batch.policy().from(span + 1) + k, -share * point.byScore() * byRejected[k]);
            }
            batch.meter().value("accuracy", score > 0 ? 1 : 0);
            batch.meter().value("margin", score);
        }
        return loss;
    }
}
