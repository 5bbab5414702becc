// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import java.util.List;

/**
 * Compares the samples of one prompt two by two: a general preference, which need not come from any reward and may go in circles
 * (rock beats scissors beats paper beats rock).
 *
 * <p>A preference is a score s(i beats j), the log-odds of i winning: P(i beats j) = σ(s). It is skew-symmetric, s(j beats i) =
 * −s(i beats j), so that the two chances add up to 1.
 *
 * <pre>{@code
 * PreferenceFunction shorter = PreferenceFunction.ofRewards(c -> Score.of(-c.tokenIds().length), 0.1);
 * WeightedRewards rewards = WeightedRewards.of(PreferenceReward.winRate("shorter", shorter));
 * }</pre>
 */
@FunctionalInterface
public interface PreferenceFunction {
    /**
     * The scores of all pairs of a prompt's samples.
     *
     * @return [G][G] the log-odds that the first beats the second; skew-symmetric, finite
     */
    double[][] scores(BatchReward.Samples group);

    /** The scores of all pairs of several prompts' samples, a prompt after the other: for judges that had better be asked once. */
    default List<double[][]> scores(List<BatchReward.Samples> groups) {
        return groups.stream().map(this::scores).toList();
    }

    /**
     * What a reward prefers (Bradley and Terry): s(i beats j) = scale · (r_i − r_j).
     *
     * @param scale log-odds that one unit of reward is worth
     */
    static PreferenceFunction ofRewards(RewardFunction reward, double scale) {
        return group -> {
            int n = group.completions().size();
            double[] rewards = new double[n];
            for (int i = 0; i < n; i++) {
                rewards[i] = reward.score(group.completions().get(i)).orNaN();
            }
            double[][] scores = new double[n][n];
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < n; j++) {
                    scores[i][j] = scale * (rewards[i] - rewards[j]);
                }
            }
            return scores;
        };
    }

    /**
     * A general preference model (Zhang et al., arXiv 2410.02197): each completion has an embedding, and pairs are scored by
     * {@link #score}.
     *
     * @param embedding what the model makes of a group's completions, [G][2m]
     * @param temperature divides scores, as in the model's training (0.1 there)
     */
    static PreferenceFunction ofEmbeddings(Embedding embedding, double temperature) {
        return group -> {
            double[][] vectors = embedding.of(group);
            double[][] scores = new double[vectors.length][vectors.length];
            for (int i = 0; i < vectors.length; i++) {
                for (int j = 0; j < i; j++) {
                    scores[i][j] = score(vectors[i], vectors[j]) / temperature;
                    scores[j][i] = -scores[i][j];
                }
            }
            return scores;
        };
    }

    /**
     * What a general preference model scores a pair with, not yet divided by a temperature.
     *
     * <pre>
     * s(a beats b) = ⟨R a, b⟩,   R block-diagonal of [[0, −1], [1, 0]]
     *              = Σ_k a_{2k} b_{2k+1} − a_{2k+1} b_{2k}
     * </pre>
     *
     * <p>Every pair of coordinates turns by a quarter before it is compared. So s(a beats a) = 0, s(b beats a) = −s(a beats b), and three
     * vectors a third of a turn apart beat each other in a circle, which no reward can say.
     *
     * @param a [2m]
     * @param b [2m]
     * @throws IllegalArgumentException if they differ in length, or it is odd or 0
     */
    static double score(double[] a, double[] b) {
        if (a.length != b.length || a.length % 2 != 0 || a.length == 0) {
            throw new IllegalArgumentException("a general preference compares two embeddings of one even number of"
                    + " coordinates, got " + a.length + " and " + b.length);
        }
        double score = 0;
        for (int k = 0; k < a.length; k += 2) {
            score += a[k] * b[k + 1] - a[k + 1] * b[k];
        }
        return score;
    }

    /** Makes an even number of coordinates of every completion of a prompt. */
    @FunctionalInterface
    interface Embedding {
        /** The embeddings, [G][2m]. */
        double[][] of(BatchReward.Samples group);
    }
}
