// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.claim;

import dev.jacobian.rl.reproduction.Claim;
import dev.jacobian.rl.reproduction.ClaimFacts;
import dev.jacobian.rl.reproduction.Measured;
import dev.jacobian.rl.reproduction.Paper;
import dev.jacobian.rl.reproduction.Rule;
import dev.jacobian.rl.reproduction.rig.Workshop;
import dev.jacobian.tensor.Rng;
import java.util.Arrays;
import java.util.List;

/**
 * E15: what estimates of the log-partition function do to the target of mirror descent, on a bandit whose partition function is known.
 *
 * <pre>
 * target of arm y    r(y) − b,  b of the group that y was drawn with, without y itself (leave one out, as OpenKimi has both)
 *   mean             b = mean of the others' rewards
 *   partition        b = τ log mean of the others' exp(r / τ)         → τ log Z for many samples
 * induced policy     the least-squares solution of τ log(π/π₀) = E[target] among policies
 * </pre>
 *
 * @param bandits of a seed
 * @param arms of each
 * @param tau τ
 * @param temperature of the first policy's logits
 * @param groups groups that are drawn for each number of samples
 */
public record LogPartition(int bandits, int arms, double tau, double temperature, int groups) implements Claim {
    private static final int[] SAMPLES = {2, 4, 8, 16};
    private static final int MANY = 1024;

    @Override
    public ClaimFacts about() {
        return new ClaimFacts(
                "E15",
                "The log-partition function from few samples",
                "Replacing the log-partition function by the mean reward is biased but steady: the policy that it"
                    + " leads to hardly depends on how many samples the estimate has, and stays closer to the policy"
                    + " before; the partition estimate is noisier and moves with the number of samples.",
                new Paper(
                        "OpenKimi, arXiv 2602.05933",
                        "PMD-mean is more robust than PMD-partition at few samples; its"
                                + " update adds an adaptive χ² term"),
                "Bandits with known Z. Spread of both baselines at 2 … 16 samples, and the total variation between the"
                        + " policy that each leads to at that number and at 1024.",
                "samples of a group → distance to the policy of many samples",
                List.of(
                        "One bandit for each seed, with ten times the groups: in one of three the partition estimate"
                                + " spread less (−0.02 … 0.06). The claim is about bandits on average, so a seed has 16"
                                + " now.",
                        "The part of the rule about spread is an addition of ours to the paper's claim. It does not"
                                + " show on average either; it stays, as every rule does after it was run."),
                1);
    }

    @Override
    public String varies() {
        return "the bandits and every sample";
    }

    /** A baseline made of other samples' rewards. */
    private enum Baseline {
        MEAN,
        PARTITION;

        /** What of a reward is averaged. */
        double part(double reward, double tau) {
            return this == MEAN ? reward : Math.exp(reward / tau);
        }

        /** The baseline that an average makes. */
        double of(double average, double tau) {
            return this == MEAN ? average : tau * Math.log(Math.max(Double.MIN_NORMAL, average));
        }
    }

    /** Sums over bandits. */
    private static final class Totals {
        private final double[][] distance = new double[2][SAMPLES.length]; // mean, partition
        private final double[][] spread = new double[2][SAMPLES.length];
        private final double[] bias = new double[SAMPLES.length];
        private final double[] divergence = new double[2];
        private double fromOptimum;
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        Totals totals = new Totals();
        for (int bandit = 0; bandit < bandits; bandit++) {
            add(totals, new Rng(seed, bandit).nextLong());
        }
        double[] k = new double[SAMPLES.length];
        Arrays.setAll(k, s -> SAMPLES[s]);
        double spreadByMean = mean(totals.spread[0]) / bandits;
        double spreadBySoft = mean(totals.spread[1]) / bandits;
        double distanceByMean = mean(totals.distance[0]) / bandits;
        double distanceBySoft = mean(totals.distance[1]) / bandits;
        double stepByMean = totals.divergence[0] / bandits;
        double stepBySoft = totals.divergence[1] / bandits;
        return Measured.builder()
                .figure("spread of the baseline, mean", spreadByMean)
                .figure("spread of the baseline, partition", spreadBySoft)
                .figure("spread, partition − mean", spreadBySoft - spreadByMean)
                .figure("bias of the partition estimate at 2 samples", totals.bias[0] / bandits)
                .figure("bias of the partition estimate at 16 samples", totals.bias[SAMPLES.length - 1] / bandits)
                .figure("distance from its limit, mean", distanceByMean)
                .figure("distance from its limit, partition", distanceBySoft)
                .figure("distance from its limit, partition − mean", distanceBySoft - distanceByMean)
                .figure("KL(π‖π₀) of the limit, mean", stepByMean)
                .figure("KL(π‖π₀) of the limit, partition", stepBySoft)
                .figure("KL(π‖π₀) of the limit, partition − mean", stepBySoft - stepByMean)
                .figure("distance of the partition's limit from π*", totals.fromOptimum / bandits)
                .curve("mean", k, over(totals.distance[0]))
                .curve("partition", k, over(totals.distance[1]))
                .build();
    }

    private double[] over(double[] sums) {
        return Arrays.stream(sums).map(sum -> sum / bandits).toArray();
    }

    private void add(Totals totals, long seed) {
        Rng rng = new Rng(seed, 15);
        double[] first = new double[arms]; // π₀
        double[] rewards = new double[arms];
        for (int y = 0; y < arms; y++) {
            first[y] = Math.exp(rng.nextGaussian() * temperature);
            rewards[y] = rng.nextDouble();
        }
        double all = Arrays.stream(first).sum();
        double partition = 0; // Z
        for (int y = 0; y < arms; y++) {
            first[y] /= all;
            partition += first[y] * Math.exp(rewards[y] / tau);
        }
        double[] optimum = new double[arms]; // π* = π₀ exp(r/τ) / Z
        for (int y = 0; y < arms; y++) {
            optimum[y] = first[y] * Math.exp(rewards[y] / tau) / partition;
        }
        for (Baseline baseline : Baseline.values()) {
            int b = baseline.ordinal();
            double[] limit = induced(first, targets(first, rewards, baseline, MANY, seed).target);
            totals.divergence[b] += divergence(limit, first);
            for (int s = 0; s < SAMPLES.length; s++) {
                Targets few = targets(first, rewards, baseline, SAMPLES[s], seed);
                totals.spread[b][s] += few.deviation;
                totals.distance[b][s] += variation(induced(first, few.target), limit);
                totals.bias[s] += baseline == Baseline.PARTITION ? few.baseline - tau * Math.log(partition) : 0;
            }
            totals.fromOptimum += baseline == Baseline.PARTITION ? variation(limit, optimum) : 0;
        }
    }

    /**
     * What groups of k samples say.
     *
     * @param target [arms] mean of r − b over the groups with that arm, r − the mean b where there was none
     * @param baseline mean
     * @param deviation its standard deviation
     */
    private record Targets(double[] target, double baseline, double deviation) {}

    private Targets targets(double[] policy, double[] rewards, Baseline estimate, int samples, long seed) {
        int groupsOfThis = Math.max(1, groups * SAMPLES[0] / samples);
        Rng rng = new Rng(seed, 1000 + samples);
        double[] sums = new double[policy.length];
        int[] counts = new int[policy.length];
        double total = 0;
        double squares = 0;
        int drawn = 0;
        int[] group = new int[samples];
        double[] part = new double[samples];
        for (int g = 0; g < groupsOfThis; g++) {
            double sum = 0;
            for (int i = 0; i < samples; i++) {
                group[i] = draw(policy, rng.nextDouble());
                part[i] = estimate.part(rewards[group[i]], tau);
                sum += part[i];
            }
            for (int i = 0; i < samples; i++) {
                double b = estimate.of((sum - part[i]) / (samples - 1), tau);
                sums[group[i]] += rewards[group[i]] - b;
                counts[group[i]]++;
                total += b;
                squares += b * b;
                drawn++;
            }
        }
        double baseline = total / drawn;
        double[] target = new double[policy.length];
        for (int y = 0; y < target.length; y++) {
            target[y] = counts[y] == 0 ? rewards[y] - baseline : sums[y] / counts[y];
        }
        return new Targets(target, baseline, Math.sqrt(Math.max(0, squares / drawn - baseline * baseline)));
    }

    private static int draw(double[] policy, double at) {
        double below = 0;
        for (int y = 0; y < policy.length - 1; y++) {
            below += policy[y];
            if (at < below) {
                return y;
            }
        }
        return policy.length - 1;
    }

    /**
     * The policy whose log-ratios to the first come closest to targets / τ, weighted by the first policy.
     *
     * <pre>
     * min Σ π₀ (t/τ − s)²  with  Σ π₀ exp(s) = 1    ⇒    s + λ exp(s) = t/τ    for one λ, which bisection finds
     * </pre>
     */
    double[] induced(double[] first, double[] target) {
        double high = 1;
        while (mass(first, target, high) > 1) {
            high *= 2;
        }
        double low = mass(first, target, 0) > 1
                ? 0
                : lowest(target); // more mass than 1, as s grows without end towards −1/e
        for (int i = 0; i < 200; i++) {
            double middle = (low + high) / 2;
            if (mass(first, target, middle) > 1) {
                low = middle;
            } else {
                high = middle;
            }
        }
        double[] policy = new double[first.length];
        double sum = 0;
        for (int y = 0; y < policy.length; y++) {
            policy[y] = first[y] * Math.exp(logRatio(target[y] / tau, high));
            sum += policy[y];
        }
        for (int y = 0; y < policy.length; y++) {
            policy[y] /= sum;
        }
        return policy;
    }

    /** The smallest λ for which every s + λ exp(s) = t/τ has a solution: its left side is greatest, −1 − log(−λ), at exp(s) = −1/λ. */
    private double lowest(double[] target) {
        double largest = Arrays.stream(target).max().orElseThrow() / tau;
        return -Math.exp(-1 - largest);
    }

    private double mass(double[] first, double[] target, double lambda) {
        double sum = 0;
        for (int y = 0; y < first.length; y++) {
            sum += first[y] * Math.exp(logRatio(target[y] / tau, lambda));
        }
        return sum;
    }

    /** The (smaller) solution s of s + λ exp(s) = t. */
    private static double logRatio(double t, double lambda) {
        if (lambda == 0) {
            return t;
        }
        double low = lambda > 0 ? t - lambda * Math.exp(Math.min(700, t)) - 1 : t - 1;
        double high = lambda > 0 ? t : -Math.log(-lambda);
        for (int i = 0; i < 200; i++) {
            double middle = (low + high) / 2;
            if (middle + lambda * Math.exp(middle) < t) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private static double variation(double[] a, double[] b) {
        double sum = 0;
        for (int y = 0; y < a.length; y++) {
            sum += Math.abs(a[y] - b[y]);
        }
        return sum / 2;
    }

    private static double divergence(double[] a, double[] b) {
        double sum = 0;
        for (int y = 0; y < a.length; y++) {
            sum += a[y] > 0 ? a[y] * Math.log(a[y] / b[y]) : 0;
        }
        return sum;
    }

    private static double mean(double[] values) {
        return Arrays.stream(values).average().orElseThrow();
    }

    @Override
    public Rule rule() {
        return Rule.all(
                Rule.above("spread, partition − mean", 0),
                Rule.above("distance from its limit, partition − mean", 0),
                Rule.above("KL(π‖π₀) of the limit, partition − mean", 0));
    }
}
