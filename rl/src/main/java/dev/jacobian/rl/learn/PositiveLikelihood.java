// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

import dev.jacobian.rl.config.MixtureConfig;
import dev.jacobian.rl.objective.ObjectiveResult;
import dev.jacobian.rl.objective.Quotient;
import dev.jacobian.rl.rollout.ScoredGroup;
import java.util.List;
import java.util.Map;

/** The likelihood of samples that earned enough, beside a method's loss: −c mean log π over their tokens in the micro-batch. */
final class PositiveLikelihood {
    private PositiveLikelihood() {}

    /**
     * A part's result with its share of the term on top.
     *
     * @param part the groups that the result is of, in the order of its tokens
     * @param now [tokens] log-probabilities
     * @param whole the micro-batch that the mean is over
     */
    static ObjectiveResult added(
            ObjectiveResult result, MixtureConfig mixture, List<CreditedGroup> part, float[] now, MicroBatch whole) {
        int learned = whole.groups().stream()
                .mapToInt(group -> tokens(group.scored(), mixture))
                .sum();
        if (mixture.positiveNllCoef() == 0 || learned == 0) {
            return result;
        }
        double each = mixture.positiveNllCoef() * whole.share() / learned;
        float[] gradient = result.gradLogProbs().clone();
        double sum = 0;
        int at = 0;
        int counted = 0;
        for (CreditedGroup group : part) {
            for (int i = 0; i < group.scored().group().size(); i++) {
                int to = at + group.scored().group().samples().get(i).choices();
                for (; at < to; at++) {
                    if (isPositive(group.scored(), i, mixture)) {
                        gradient[at] -= (float) each;
                        sum -= now[at];
                        counted++;
                    }
                }
            }
        }
        return new ObjectiveResult(
                        result.loss() + each * sum,
                        gradient,
                        result.gradEntropies(),
                        result.gradValues(),
                        result.statistics(),
                        result.measures())
                .withMeasures(Map.of("positive_nll", new Quotient(sum, counted)));
    }

    private static int tokens(ScoredGroup group, MixtureConfig mixture) {
        int tokens = 0;
        for (int i = 0; i < group.group().size(); i++) {
            tokens += isPositive(group, i, mixture)
                    ? group.group().samples().get(i).choices()
                    : 0;
        }
        return tokens;
    }

    private static boolean isPositive(ScoredGroup group, int sample, MixtureConfig mixture) {
        return group.counts()[sample] && group.rewards()[sample] >= mixture.positiveNllReward();
    }
}
