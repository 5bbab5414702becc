// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

/**
 * The baseline of least variance for each position, with the score's squared norm measured at the logits:
 *
 * <pre>
 * n_t = 1 − 2 π_t + Σ_v π_v²               ‖∇_logits log π_t‖²
 * W_t = Σ_{s≤t} n_s                        of the sample so far
 * b_t = Σ_i G_{i,t} W_{i,t} / Σ_i W_{i,t}  over the group's samples that reach position t
 * A_t = G_t − b_t                          G_t: the rewards from t on
 * </pre>
 *
 * <p>What {@link LengthWeightedBaseline} approximates by taking all n alike. The part of the longest sample beyond the second longest
 * has nothing to be compared with, and keeps its return.
 */
public final class OptimalTokenBaseline {
    private static final double EPSILON = 1e-8;

    private OptimalTokenBaseline() {}

    /**
     * n_t.
     *
     * @param logProb log π of the chosen token, in nats
     * @param sumOfSquares Σ_v π_v² of the distribution that it was drawn from
     */
    public static double squaredNorm(double logProb, double sumOfSquares) {
        return 1 - 2 * StrictMath.exp(logProb) + sumOfSquares;
    }

    /**
     * The advantages of a group's tokens.
     *
     * @param rewards [G][positions] what each token earned
     * @param squaredNorms [G][positions] n; times the square of the importance weight of an off-policy sample
     * @param mask [G][positions] whether the policy chose the token; others count nowhere. Rows of chosen tokens only, thus all true,
     *     compare the samples' tokens by their number and not by where tools wrote
     * @return [G][positions], 0 where the mask is false
     */
    public static double[][] advantages(double[][] rewards, double[][] squaredNorms, boolean[][] mask) {
        int samples = rewards.length;
        double[][] returns = new double[samples][];
        double[][] energy = new double[samples][]; // W
        int[] lengths = new int[samples];
        int positions = 0;
        for (int i = 0; i < samples; i++) {
            int width = rewards[i].length;
            positions = Math.max(positions, width);
            returns[i] = new double[width];
            energy[i] = new double[width];
            double sum = 0;
            for (int t = width - 1; t >= 0; t--) {
                sum += mask[i][t] ? rewards[i][t] : 0;
                returns[i][t] = sum;
                lengths[i] += mask[i][t] ? 1 : 0;
            }
            sum = 0;
            for (int t = 0; t < width; t++) {
                sum += mask[i][t] ? squaredNorms[i][t] : 0;
                energy[i][t] = sum;
            }
        }
        double[] baseline = baseline(returns, energy, mask, positions);
        double[][] advantages = new double[samples][];
        for (int i = 0; i < samples; i++) {
            int compared = othersReach(lengths, i);
            advantages[i] = new double[returns[i].length];
            for (int t = 0; t < advantages[i].length; t++) {
                if (mask[i][t]) {
                    advantages[i][t] = returns[i][t] - (t < compared ? baseline[t] : 0);
                }
            }
        }
        return advantages;
    }

    private static double[] baseline(double[][] returns, double[][] energy, boolean[][] mask, int positions) {
        double[] baseline = new double[positions];
        for (int t = 0; t < positions; t++) {
            double weighted = 0;
            double weights = 0;
            for (int i = 0; i < returns.length; i++) {
                if (t < returns[i].length && mask[i][t]) {
                    weighted += returns[i][t] * energy[i][t];
                    weights += energy[i][t];
                }
            }
            baseline[t] = weighted / (weights + EPSILON);
        }
        return baseline;
    }

    /** Positions at which sample i is compared: all, unless it is longer than every other. */
    private static int othersReach(int[] lengths, int i) {
        int longest = 0;
        for (int j = 0; j < lengths.length; j++) {
            longest = j == i ? longest : Math.max(longest, lengths[j]);
        }
        return lengths[i] > longest ? longest : Integer.MAX_VALUE;
    }
}
