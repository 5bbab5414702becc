// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.autograd.TokenLogProbs.Measure;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import java.util.List;
import java.util.Set;

/**
 * Odds-ratio preference optimization (Hong et al., arXiv 2403.07691): fine-tuning on what was chosen, and a pull away from what was
 * rejected, without a reference.
 *
 * <pre>
 * a, b = mean over tokens of log π of chosen and rejected;  odds(a) = eᵃ / (1 − eᵃ)
 * loss = −mean log π(x, y_chosen) − β mean log σ(log odds(a) / odds(b))
 * </pre>
 *
 * <p>The first term learns the prompt too, as in the authors' code.
 */
public record Orpo(
        @Setting(value = "0.1", doc = "weight of the odds ratio, λ in the paper")
        double beta) implements PreferenceMethod {
    /** TRL's. */
    public static final Orpo DEFAULT = ConfigTree.defaults(Orpo.class);

    public Orpo {
        requirePositive("beta", beta);
    }

    @Override
    public String name() {
        return "orpo";
    }

    @Override
    public String paper() {
        return "Hong et al., arXiv 2403.07691";
    }

    @Override
    public List<Span> spans(List<Preference> batch) {
        return Preference.spans(batch, true);
    }

    @Override
    public Set<Measure> measures() {
        return Set.of(Measure.MEAN_LOGIT);
    }

    @Override
    public Loss loss(Batch<Preference> batch) {
        SpanScores policy = batch.policy();
        Loss loss = Loss.of(policy);
        long tokens = 0; // of prompts and chosen completions
        for (int i = 0; i < batch.size(); i++) {
            tokens += policy.count(3 * i) + policy.count(3 * i + 1);
        }
        double share = 1.0 / batch.window().microBatches();
        for (int i = 0; i < batch.size(); i++) {
            for (int span = 3 * i; span <= 3 * i + 1; span++) {
                loss.add(-share * policy.sum(span) / (double) tokens, span, -share / (double) tokens);
                batch.meter().add("nll_loss", -policy.sum(span), policy.count(span));
            }
            MeanPair pair = MeanPair.of(policy, i);
            double odds = logOdds(pair.chosen()) - logOdds(pair.rejected());
            double pull = share * beta / batch.size();
            loss.add(-pull * Sigmoids.logSigmoid(odds));
            double slope = -pull * Sigmoids.sigmoid(-odds);
            pair.slope(loss, slope / -StrictMath.expm1(pair.chosen()), -slope / -StrictMath.expm1(pair.rejected()));
            pair.measure(batch.meter(), beta * pair.chosen(), beta * pair.rejected());
            batch.meter().value("log_odds_ratio", Sigmoids.logSigmoid(odds));
            batch.meter().value("log_odds_chosen", odds);
        }
        return loss;
    }

    /** log of eᵃ / (1 − eᵃ); its derivative is 1 / (1 − eᵃ). */
    private static double logOdds(double a) {
        return a - StrictMath.log(-StrictMath.expm1(a));
    }
}
