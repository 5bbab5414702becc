// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.claim;

import dev.jacobian.rl.learn.ScoreNorms;
import dev.jacobian.rl.reproduction.Claim;
import dev.jacobian.rl.reproduction.ClaimFacts;
import dev.jacobian.rl.reproduction.Measured;
import dev.jacobian.rl.reproduction.Paper;
import dev.jacobian.rl.reproduction.Rule;
import dev.jacobian.rl.reproduction.rig.Draws;
import dev.jacobian.rl.reproduction.rig.RunningSums;
import dev.jacobian.rl.reproduction.rig.TinyModel;
import dev.jacobian.rl.reproduction.rig.Workshop;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.transformer.CausalLM;
import java.util.Arrays;
import java.util.List;

/**
 * E13: the ordering of baselines by the variance of the gradient.
 *
 * <pre>
 * g = ∇ log π(y) (r − b)        E g is the same for every constant b, so the variance is E ‖g‖² up to that constant
 * E ‖g‖² = E ‖∇ log π(y)‖² (r − b)², the norm of each sample's true gradient over all parameters
 * </pre>
 *
 * <p>Baselines are estimated on one half of a problem's samples and judged on the other, so that the optimal one is not optimal by having seen
 * the answers.
 *
 * @param policy frozen
 * @param problems that are sampled; those that no sample solves, or every one, say nothing and are left out
 * @param samples of each, an even number
 */
public record BaselineVariance(TinyModel policy, int problems, int samples) implements Claim {
    @Override
    public ClaimFacts about() {
        return new ClaimFacts(
                "E13",
                "Baselines by the variance of the gradient",
                "Of all constants the one that weighs rewards by squared gradient norms gives the smallest variance;"
                        + " weighing them by length comes close to it, and both beat the mean reward and no baseline.",
                new Paper("OPO, arXiv 2505.23585", "b* = E[‖∇log π‖² r] / E[‖∇log π‖²], with ‖∇log π(y)‖² ∝ length"),
                "A frozen policy; the true gradient of every sample by itself. Baselines from one half of a problem's"
                    + " samples, E‖∇log π (r − b)‖² on the other, in units of the mean baseline's: the variance but"
                    + " for ‖E g‖², which is the same for all constants, so that differences are those of variances.",
                "baseline → second moment of the gradient",
                List.of(
                        "40 problems of 512 samples with one first model for all seeds, and a rule that did not ask"
                            + " how close the weights by length come to the optimum nor whether it beats every other:"
                            + " not reproduced; mean − OPO −0.148, none − mean −0.568.",
                        "How that read: here the gradient is large where the model slips, on rare tokens of wrong"
                                + " answers, and length says little of it. So the optimal baseline is best, but no"
                                + " baseline comes close to it, and the weights by length lead away from it."),
                2);
    }

    private static final List<String> BASELINES = List.of("none", "mean", "length-weighted (OPO)", "optimal");

    @Override
    public Measured measure(long seed, Workshop workshop) {
        CausalLM model = workshop.model(policy, seed);
        double[] moments = new double[BASELINES.size()];
        int used = 0;
        double lengths = 0;
        double rewards = 0;
        int lengthProblems = 0;
        for (ScoredGroup group : Draws.of(model, new RunningSums(3, 6), problems, samples, seed)) {
            double[] r = group.rewards(); // [N]
            boolean[] all = new boolean[samples];
            Arrays.fill(all, true);
            double[] norms = ScoreNorms.of(model, group.group(), 1f, all); // [N] ‖∇ log π‖²
            double[] length = Arrays.stream(group.choices()).asDoubleStream().toArray(); // [N]
            double lengthNorm = correlation(length, norms);
            if (!Double.isNaN(lengthNorm)) {
                lengths += lengthNorm;
                lengthProblems++;
            }
            int half = samples / 2;
            double mean = Arrays.stream(r, 0, half).average().orElseThrow();
            double unit = moment(r, norms, mean, half);
            if (mean == 0 || mean == 1 || unit == 0) {
                continue;
            }
            double lengthReward = correlation(length, r);
            rewards += Double.isNaN(lengthReward) ? 0 : Math.abs(lengthReward);
            used++;
            double[] baselines = {0, mean, weighted(r, length, half), weighted(r, norms, half)};
            for (int b = 0; b < baselines.length; b++) {
                moments[b] += moment(r, norms, baselines[b], half) / unit;
            }
        }
        Measured.Builder measured = Measured.builder();
        double[] x = new double[BASELINES.size()];
        for (int b = 0; b < moments.length; b++) {
            moments[b] /= used;
            x[b] = b;
            measured.figure(BASELINES.get(b), moments[b]);
        }
        return measured.figure("none − mean", moments[0] - moments[1])
                .figure("mean − OPO", moments[1] - moments[2])
                .figure("OPO − optimal", moments[2] - moments[3])
                .figure(
                        "least of the others − optimal",
                        Math.min(moments[0], Math.min(moments[1], moments[2])) - moments[3])
                .figure("(OPO − optimal) / (mean − optimal)", (moments[2] - moments[3]) / (moments[1] - moments[3]))
                .figure("corr(length, ‖∇log π‖²)", lengths / lengthProblems)
                .figure("|corr(length, reward)|", rewards / used)
                .figure("problems used", used)
                .curve("none, mean, OPO, optimal", x, moments)
                .build();
    }

    /** E ‖∇ log π‖² (r − b)² over the second half. */
    private static double moment(double[] rewards, double[] norms, double baseline, int half) {
        double sum = 0;
        for (int i = half; i < rewards.length; i++) {
            sum += norms[i] * (rewards[i] - baseline) * (rewards[i] - baseline);
        }
        return sum / (rewards.length - half);
    }

    /** Σ w r / Σ w over the first half. */
    private static double weighted(double[] rewards, double[] weights, int half) {
        double sum = 0;
        double weight = 0;
        for (int i = 0; i < half; i++) {
            sum += weights[i] * rewards[i];
            weight += weights[i];
        }
        return sum / weight;
    }

    /** Pearson's; NaN where either does not vary. */
    static double correlation(double[] a, double[] b) {
        double meanA = Arrays.stream(a).average().orElse(0);
        double meanB = Arrays.stream(b).average().orElse(0);
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int i = 0; i < a.length; i++) {
            ab += (a[i] - meanA) * (b[i] - meanB);
            aa += (a[i] - meanA) * (a[i] - meanA);
            bb += (b[i] - meanB) * (b[i] - meanB);
        }
        return ab / Math.sqrt(aa * bb);
    }

    @Override
    public Rule rule() {
        return Rule.given(
                Rule.above("|corr(length, reward)|", 0.1),
                Rule.all(
                        Rule.above("none − mean", 0),
                        Rule.above("mean − OPO", 0),
                        Rule.above("least of the others − optimal", 0),
                        Rule.below("(OPO − optimal) / (mean − optimal)", 0.5)));
    }
}
