// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.long2short;

import dev.jacobian.rl.evaluation.Estimate;
import dev.jacobian.rl.evaluation.SavedEvaluation;
import java.util.List;
import java.util.Locale;

/**
 * What the best of some short models saves and costs, against the long one.
 *
 * <p>Fixed beforehand: best is the one that saves the most tokens among those that lose at most two points of pass@1; if all lose more, the one that loses
 * least. Of equal ones the one that is better in the other respect, and then the first. A long model that solves no more than what may be lost has nothing to
 * lose, so no goal is reached with it. Points are compared to a billionth: 52 % less 50 % are two points, whatever binary fractions make of it.
 *
 * @param model its name
 * @param tokensSaved share of the long model's tokens; negative where more are needed
 * @param pointsLost of pass@1, in percent points; negative for a gain
 * @param longAccuracy pass@1 of the long model, in [0, 1]
 */
public record TradeOff(String model, double tokensSaved, double pointsLost, double longAccuracy) {
    static final String ACCURACY = "pass@1";
    static final String TOKENS = "mean_length";

    /** Points of pass@1 that may be lost. */
    public static final double TOLERATED = 2;

    /** Share of tokens that is to be saved. */
    public static final double WANTED = 0.3;

    private static final double EXACT = 1e9;

    /** Rounds what is compared, and refuses what cannot be. */
    public TradeOff {
        if (!Double.isFinite(tokensSaved) || !Double.isFinite(pointsLost) || !Double.isFinite(longAccuracy)) {
            throw new IllegalArgumentException("the tokens and pass@1 of " + model
                    + " and of the long model must be numbers, got " + tokensSaved + " of tokens saved and "
                    + pointsLost + " points lost; was no problem measured, or no token sampled?");
        }
        tokensSaved = Math.rint(tokensSaved * EXACT) / EXACT;
        pointsLost = Math.rint(pointsLost * EXACT) / EXACT;
    }

    /**
     * The best of what was made of a long model.
     *
     * @throws IllegalArgumentException if there is nothing to choose from, or a number is missing
     */
    public static TradeOff best(SavedEvaluation longModel, List<SavedEvaluation> ways) {
        return ways.stream()
                .map(way -> of(longModel, way))
                .reduce((best, one) -> one.isBetter(best) ? one : best)
                .orElseThrow(
                        () -> new IllegalArgumentException("no short model was measured beside " + longModel.model()));
    }

    /** What a short model saves and costs. */
    public static TradeOff of(SavedEvaluation longModel, SavedEvaluation shortModel) {
        return new TradeOff(
                shortModel.model(),
                1 - value(shortModel, TOKENS) / value(longModel, TOKENS),
                100 * (value(longModel, ACCURACY) - value(shortModel, ACCURACY)),
                value(longModel, ACCURACY));
    }

    private boolean isBetter(TradeOff other) {
        boolean fine = pointsLost <= TOLERATED;
        if (fine != (other.pointsLost <= TOLERATED)) {
            return fine;
        }
        int saves = Double.compare(tokensSaved, other.tokensSaved);
        int loses = Double.compare(other.pointsLost, pointsLost);
        int first = fine ? saves : loses;
        return first != 0 ? first > 0 : (fine ? loses : saves) > 0;
    }

    /** Whether it saves what is wanted for what is tolerated, of a model that had something to lose. */
    public boolean isReached() {
        return hadSomethingToLose() && tokensSaved >= WANTED && pointsLost <= TOLERATED;
    }

    private boolean hadSomethingToLose() {
        return 100 * longAccuracy > TOLERATED;
    }

    /** In words. */
    public String sentence() {
        String sentence = String.format(
                Locale.ROOT,
                "%s: %.1f %% %s tokens for %.1f points %s of pass@1; the goal of %.0f %% fewer for at most %.0f less"
                        + " is %s",
                model,
                100 * Math.abs(tokensSaved),
                tokensSaved < 0 ? "more" : "fewer",
                Math.abs(pointsLost),
                pointsLost < 0 ? "more" : "less",
                100 * WANTED,
                TOLERATED,
                isReached() ? "reached" : "missed");
        return hadSomethingToLose() ? sentence : sentence + ": the long model has nothing to lose";
    }

    static double value(SavedEvaluation of, String metric) {
        Estimate estimate = of.metrics().get(metric);
        if (estimate == null) {
            throw new IllegalArgumentException("the evaluation of " + of.model() + " has no " + metric);
        }
        return estimate.value();
    }
}
