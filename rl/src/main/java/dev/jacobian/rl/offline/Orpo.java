// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import java.util.List;

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
        double beta,

        PaddedMetrics paddedMetrics)
        implements UnreferencedMethod {
    /** TRL's. */
    public static final Orpo DEFAULT = ConfigTree.defaults(Orpo.class);

    public Orpo {
        requirePositive("beta", beta);
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
    public Loss loss(Batch<Preference> batch) {
        Loss loss = Loss.of(batch.policy());
        ChosenLikelihood.add(loss, batch, 1, 2);
        for (int i = 0; i < batch.size(); i++) {
            MeanPair pair = MeanPair.of(batch.policy(), i, true);
            double odds = logOdds(pair.chosen()) - logOdds(pair.rejected());
            double pull = beta * batch.share();
            loss.add(-pull * Sigmoids.logSigmoid(odds));
            double slope = -pull * Sigmoids.sigmoid(-odds);
            pair.slope(loss, slope / -StrictMath.expm1(pair.chosen()), -slope / -StrictMath.expm1(pair.rejected()));
            pair.measure(batch.meter(), beta * pair.chosen(), beta * pair.rejected());
            batch.meter().value("log_odds_ratio", Sigmoids.logSigmoid(odds));
            batch.meter().value("log_odds_chosen", odds);
        }
        paddedMetrics.measurePairs(batch, 1);
        return loss;
    }

    /** log of eᵃ / (1 − eᵃ); its derivative is 1 / (1 − eᵃ). */
    private static double logOdds(double a) {
        return a - StrictMath.log(-StrictMath.expm1(a));
    }
}
