// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

/**
 * Pass@k as the reward (arXiv 2508.10751): each set of k out of N samples is a draw that succeeds if one of them does, and a sample's
 * advantage is the mean of its sets', in closed form.
 *
 * <pre>
 * R = 1 − C(w, k) / C(N, k)                            w wrong samples of N; σ = √(R (1 − R))
 * A = (1 − R) / σ                                      of a right one: all its sets succeed
 * A = (1 − R − C(w−1, k−1) / C(N−1, k−1)) / σ          of a wrong one
 * </pre>
 *
 * <p>Above k/N the share of right samples moves little: hard prompts keep teaching, and exploration is not squeezed out. A sample is
 * right whose reward reaches the threshold. A group in which all or no sets succeed teaches nothing; with fewer than k samples, k is
 * their number.
 *
 * @param k samples of a draw
 * @param threshold the reward from which on a sample is right
 */
public record PassAtKAdvantage(int k, double threshold) implements GroupEstimator {

    public PassAtKAdvantage {
        if (k < 1) {
            throw new IllegalArgumentException("k must be at least 1, got " + k);
        }
    }

    @Override
    public double[] advantages(GroupRewards group) {
        double[] advantages = new double[group.size()];
        int samples = group.scored();
        int wrong = 0;
        for (int i = 0; i < group.size(); i++) {
            wrong += group.isScored(i) && group.rewards()[i] < threshold ? 1 : 0;
        }
        int draw = Math.min(k, samples);
        double fails = shareWithin(wrong, samples, draw); // 1 − R
        double deviation = Math.sqrt(fails * (1 - fails));
        for (int i = 0; i < advantages.length && deviation > 0; i++) {
            if (group.isScored(i)) {
                boolean right = group.rewards()[i] >= threshold;
                advantages[i] = (fails - (right ? 0 : shareWithin(wrong - 1, samples - 1, draw - 1))) / deviation;
            }
        }
        return advantages;
    }

    /** C(part, k) / C(all, k): how many draws of k lie within a part. */
    private static double shareWithin(int part, int all, int k) {
        double share = 1;
        for (int i = 0; i < k; i++) {
            share *= Math.max(0, part - i) / (double) (all - i);
        }
        return share;
    }
}
