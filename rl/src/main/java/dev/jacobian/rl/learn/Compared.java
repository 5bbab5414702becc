// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

import dev.jacobian.rl.learn.PolicyGradient.Part;
import dev.jacobian.rl.objective.Normalizer;
import dev.jacobian.rl.objective.ObjectiveResult;
import dev.jacobian.rl.objective.ObjectiveStatistics;
import dev.jacobian.rl.objective.PolicyObjective;
import dev.jacobian.rl.objective.TokenBatch;
import dev.jacobian.rl.objective.TokenWeighting;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/** Factors and losses that compare the tokens of a micro-batch which goes through in parts: it is scored as a whole first, without gradient. */
final class Compared {
    private Compared() {}

    static void weigh(List<Part> parts, TokenWeighting weighting, Function<Part, TokenBatch> seen) {
        List<TokenBatch> batches = new ArrayList<>();
        for (Part part : parts) {
            batches.add(seen.apply(part));
        }
        double[] all = weighting.weights(TokenBatch.joined(batches));
        int at = 0;
        for (int p = 0; p < parts.size(); p++) {
            int n = batches.get(p).tokens();
            parts.get(p).weights(Arrays.copyOfRange(all, at, at + n));
            at += n;
        }
    }

    /** What an objective that compares tokens says of all parts at once; each has its share of the gradient, the first one all numbers. */
    static void judge(
            List<Part> parts, PolicyObjective objective, Normalizer normalizer, Function<Part, TokenBatch> seen) {
        List<TokenBatch> batches = new ArrayList<>();
        for (Part part : parts) {
            batches.add(seen.apply(part));
        }
        ObjectiveResult all = objective.evaluate(TokenBatch.joined(batches), normalizer);
        int at = 0;
        for (int p = 0; p < parts.size(); p++) {
            int n = batches.get(p).tokens();
            float[] gradient = Arrays.copyOfRange(all.gradLogProbs(), at, at + n);
            parts.get(p)
                    .judged(new ObjectiveResult(
                            p == 0 ? all.loss() : 0, gradient, p == 0 ? all.statistics() : ObjectiveStatistics.EMPTY));
            at += n;
        }
    }
}
