// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.long2short;

import dev.jacobian.rl.evaluation.Estimate;
import dev.jacobian.rl.evaluation.SavedEvaluation;
import java.util.List;
import java.util.Locale;

/**
 * What the best of some short models saves and costs, against the long one. Fixed beforehand: best is the one that saves the most tokens among those that
 * lose at most two points of pass@1; if all lose more, the one that loses least.
 *
 * @param model its name
 * @param tokensSaved share of the long model's tokens
 * @param pointsLost of pass@1, in percent points; negative for a gain
 */
public record TradeOff(String model, double tokensSaved, double pointsLost) {
    static final String ACCURACY = "pass@1";
    static final String TOKENS = "mean_length";

    /** Points of pass@1 that may be lost. */
    public static final double TOLERATED = 2;

    /** Share of tokens that is to be saved. */
    public static final double WANTED = 0.3;

    /**
     * The best of what was made of a long model.
     *
     * @param ways at least one
     */
    static TradeOff best(SavedEvaluation longModel, List<SavedEvaluation> ways) {
        TradeOff best = of(longModel, ways.getFirst());
        for (SavedEvaluation way : ways) {
            TradeOff one = of(longModel, way);
            best = one.isBetter(best) ? one : best;
        }
        return best;
    }

    /** What a short model saves and costs. */
    static TradeOff of(SavedEvaluation longModel, SavedEvaluation shortModel) {
        return new TradeOff(
                shortModel.model(),
                1 - value(shortModel, TOKENS) / value(longModel, TOKENS),
                100 * (value(longModel, ACCURACY) - value(shortModel, ACCURACY)));
    }

    private boolean isBetter(TradeOff other) {
        boolean fine = pointsLost <= TOLERATED;
        boolean otherFine = other.pointsLost <= TOLERATED;
        if (fine != otherFine) {
            return fine;
        }
        return fine ? tokensSaved > other.tokensSaved : pointsLost < other.pointsLost;
    }

    /** Whether it saves what is wanted for what is tolerated. */
    public boolean isReached() {
        return tokensSaved >= WANTED && pointsLost <= TOLERATED;
    }

    /** In words. */
    public String sentence() {
        return String.format(
                Locale.ROOT,
                "%s: %.1f %% fewer tokens for %.1f points of pass@1; the goal of %.0f %% for at most %.0f is %s",
                model,
                100 * tokensSaved,
                pointsLost,
                100 * WANTED,
                TOLERATED,
                isReached() ? "reached" : "missed");
    }

    static double value(SavedEvaluation of, String metric) {
        Estimate estimate = of.metrics().get(metric);
        if (estimate == null) {
            throw new IllegalArgumentException("the evaluation of " + of.model() + " has no " + metric);
        }
        return estimate.value();
    }
}
