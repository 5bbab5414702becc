// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.rl.learn.Meter;
import dev.jacobian.transformer.TokenScores;
import java.util.Comparator;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/** The scores of a micro-batch's pairs, and a loss of them that goes back to log-probabilities of tokens. */
final class PairScores {
    private final Dpo dpo;
    private final SpanScores policy;
    private final int pairs;
    private final double share; // of a pair in the loss
    private final double[][] logs; // log π of chosen (0) and rejected (1)
    private final double[][] references; // log π_ref
    private final double[] weights; // of pairs, without gradient
    private final Loss loss;

    PairScores(Batch<Preference> batch, Dpo dpo) {
        this.dpo = dpo;
        this.policy = batch.policy();
        this.pairs = batch.size();
        this.share = batch.share();
        this.logs = new double[2][pairs];
        this.references = new double[2][pairs];
        this.weights = new double[pairs];
        this.loss = Loss.of(policy);
        float[] reference = batch.reference().orElseThrow().tokens().logProbs();
        for (int i = 0; i < pairs; i++) {
            for (int side = 0; side < 2; side++) {
                for (int t = policy.from(span(i, side)); t < policy.to(span(i, side)); t++) {
                    double weight = tokenWeight(i, side, t);
                    logs[side][i] += weight * policy.tokens().logProbs()[t];
                    references[side][i] += weight * reference[t];
                }
            }
            weights[i] = dpo.useWeighting() ? likelihood(i) : 1;
        }
    }

    private static int span(int pair, int side) {
        return Preference.chosenOf(pair) + side;
    }

    private int length(int pair, int side) {
        return Math.max(1, policy.count(span(pair, side)));
    }

    /** Less behind the length of the shorter completion, if that is asked for. */
    private double tokenWeight(int pair, int side, int token) {
        int shared = Math.min(policy.count(span(pair, 0)), policy.count(span(pair, 1)));
        return token - policy.from(span(pair, side)) < shared
                ? 1
                : dpo.ldAlpha().orElse(1);
    }

    /** exp of the mean of log p − log Σ p², of chosen and rejected: 1 where the policy says it as surely as it says anything. */
    private double likelihood(int pair) {
        TokenScores tokens = policy.tokens();
        double log = 0;
        for (int side = 0; side < 2; side++) {
            for (int t = policy.from(span(pair, side)); t < policy.to(span(pair, side)); t++) {
                log += (tokens.logProbs()[t] - StrictMath.log(tokens.collisions()[t])) / length(pair, side);
            }
        }
        return StrictMath.exp(log);
    }

    private double ratio(int side, int pair) {
        return logs[side][pair] - references[side][pair];
    }

    /** Adds a loss over all pairs. */
    void add(PreferenceLoss kind, double weight) {
        switch (kind) {
            case SFT -> addCrossEntropy(weight);
            case AOT -> addRanked(kind, weight, i -> logs[0][i] - logs[1][i], i -> references[0][i] - references[1][i]);
            case AOT_UNPAIRED -> addRanked(kind, weight, i -> ratio(0, i), i -> ratio(1, i));
            default -> {
                for (int i = 0; i < pairs; i++) {
                    addPair(kind, weight, i);
                }
            }
        }
    }

    private void addPair(PreferenceLoss kind, double weight, int pair) {
        double[] scores = new double[2];
        double[] slopes = new double[2]; // of scores, with respect to log-ratios
        for (int side = 0; side < 2; side++) {
            double per = kind.isPerToken() ? length(pair, side) : 1;
            scores[side] = dpo.divergence().score(ratio(side, pair)) / per;
            slopes[side] = dpo.divergence().slope(ratio(side, pair)) / per;
        }
        PreferenceLoss.Point point = kind.at(scores[0], scores[1], dpo).scaled(weight * weights[pair] * share);
        loss.add(point.value());
        slope(0, pair, point.chosen() * slopes[0]);
        slope(1, pair, point.rejected() * slopes[1]);
    }

    /** Pairs the smallest of one kind of number with the smallest of another, and so on. */
    private void addRanked(PreferenceLoss kind, double weight, IntToDoubleFunction first, IntToDoubleFunction second) {
        int[] one = ranked(first);
        int[] other = ranked(second);
        for (int k = 0; k < pairs; k++) {
            PreferenceLoss.Point point = kind.at(first.applyAsDouble(one[k]), second.applyAsDouble(other[k]), dpo)
                    .scaled(weight * weights[k] * share);
            loss.add(point.value());
            slope(0, one[k], point.chosen());
            if (kind == PreferenceLoss.AOT) {
                slope(1, one[k], -point.chosen()); // the margin is a difference; the reference's is a constant
            } else {
                slope(1, other[k], point.rejected());
            }
        }
    }

    private int[] ranked(IntToDoubleFunction number) {
        return IntStream.range(0, pairs)
                .boxed()
                .sorted(Comparator.comparingDouble(number::applyAsDouble))
                .mapToInt(i -> i)
                .toArray();
    }

    /** The token mean over the chosen completions. */
    private void addCrossEntropy(double weight) {
        int tokens =
                IntStream.range(0, pairs).map(i -> policy.count(span(i, 0))).sum();
        double each = weight * share * pairs / Math.max(1, tokens);
        for (int i = 0; i < pairs; i++) {
            loss.add(-each * policy.sum(span(i, 0)), span(i, 0), -each);
        }
    }

    private void slope(int side, int pair, double derivative) {
        for (int t = policy.from(span(pair, side)); t < policy.to(span(pair, side)); t++) {
            loss.slope(t, derivative * tokenWeight(pair, side, t));
        }
    }

    Loss loss() {
        return loss;
    }

    /** Metrics under TRL's names. */
    void measure(Meter meter) {
        String[] sides = {"chosen", "rejected"};
        for (int i = 0; i < pairs; i++) {
            for (int side = 0; side < 2; side++) {
                int span = span(i, side);
                meter.add("entropy", policy.sum(policy.tokens().entropy(), span), policy.count(span));
                meter.add("logits/" + sides[side], policy.sum(policy.tokens().meanLogits(), span), policy.count(span));
                meter.add("rewards/" + sides[side], dpo.beta() * ratio(side, i), 1);
                meter.add("logps/" + sides[side], logs[side][i], 1);
            }
            for (int t = policy.from(span(i, 0)); t < policy.to(span(i, 0)); t++) {
                meter.add("mean_token_accuracy", policy.tokens().isBest(t) ? 1 : 0, 1);
            }
            meter.add("rewards/accuracies", ratio(0, i) > ratio(1, i) ? 1 : 0, 1);
            meter.add("rewards/margins", dpo.beta() * (ratio(0, i) - ratio(1, i)), 1);
        }
    }
}
