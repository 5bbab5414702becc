// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How a sample fares against the other samples of its prompt, as a reward: so a {@link PreferenceFunction} serves every method.
 *
 * <p>A sample is compared with all samples of its group, itself included, which is a draw. What is made of the scores:
 *
 * <ul>
 *   <li>{@link Form#WIN_RATE}: mean_j σ(s_ij), the chance to beat a sample of the policy, ½ on average. What SPPO regresses on
 *       ({@code preference=given}).
 *   <li>{@link Form#SCORE}: mean_j s_ij, 0 on average. What GPO regresses on ({@code preference=given}).
 * </ul>
 *
 * @param name in metrics and messages
 * @param preference compares
 * @param form what is made of the comparisons
 */
public record PreferenceReward(String name, PreferenceFunction preference, Form form) implements GroupReward {
    /** What is made of a sample's scores against all samples of the group. */
    public enum Form {
        /** The mean chance to win. */
        WIN_RATE,
        /** The mean score. */
        SCORE
    }

    /** Mean chances to win. */
    public static PreferenceReward winRate(String name, PreferenceFunction preference) {
        return new PreferenceReward(name, preference, Form.WIN_RATE);
    }

    /** Mean scores. */
    public static PreferenceReward score(String name, PreferenceFunction preference) {
        return new PreferenceReward(name, preference, Form.SCORE);
    }

    /**
     * The reward of every sample.
     *
     * @throws IllegalArgumentException if scores are not skew-symmetric numbers, one for each pair
     */
    @Override
    public List<Score> score(Samples group) {
        return score(List.of(group)).getFirst();
    }

    @Override
    public List<List<Score>> score(List<Samples> groups) {
        List<double[][]> scores = preference.scores(groups);
        List<List<Score>> rewards = new ArrayList<>();
        for (int g = 0; g < groups.size(); g++) {
            int n = groups.get(g).completions().size();
            rewards.add(Arrays.stream(rewards(scores.get(g), n, 0, n))
                    .mapToObj(Score::of)
                    .toList());
        }
        return rewards;
    }

    /**
     * How samples fare against samples of somebody else instead of each other.
     *
     * @param groups the samples of each prompt
     * @param opponents those of somebody else for the same prompts, at least one of each
     * @return for each group [G] the mean over its opponents
     */
    public List<double[]> against(List<List<Completion>> groups, List<List<Completion>> opponents) {
        List<Samples> all = new ArrayList<>();
        for (int g = 0; g < groups.size(); g++) {
            List<Completion> both = new ArrayList<>(groups.get(g));
            both.addAll(opponents.get(g));
            double[] none = new double[both.size()];
            Arrays.fill(none, Double.NaN);
            all.add(new Samples(both, none));
        }
        List<double[][]> scores = preference.scores(all);
        List<double[]> rewards = new ArrayList<>();
        for (int g = 0; g < groups.size(); g++) {
            int own = groups.get(g).size();
            int both = all.get(g).completions().size();
            rewards.add(Arrays.copyOf(rewards(scores.get(g), both, own, both), own));
        }
        return rewards;
    }

    /** What a sample earns against one that is as good. */
    public double draw() {
        return form == Form.WIN_RATE ? 0.5 : 0;
    }

    /** Of n samples against those from a place on. */
    private double[] rewards(double[][] scores, int n, int from, int to) {
        require(scores, n);
        double[] rewards = new double[n];
        for (int i = 0; i < n; i++) {
            double sum = 0;
            for (int j = from; j < to; j++) {
                sum += form == Form.WIN_RATE ? 1 / (1 + StrictMath.exp(-scores[i][j])) : scores[i][j];
            }
            rewards[i] = sum / (to - from);
        }
        return rewards;
    }

    /** Its comparisons may be a model's. */
    @Override
    public Running running() {
        return Running.HERE;
    }

    private static void require(double[][] scores, int n) {
        if (scores.length != n) {
            throw new IllegalArgumentException("it compared " + scores.length + " samples of " + n);
        }
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                if (scores[i].length != n
                        || !Double.isFinite(scores[i][j])
                        || Math.abs(scores[i][j] + scores[j][i]) > 1e-6 * (1 + Math.abs(scores[i][j]))) {
                    throw new IllegalArgumentException("the score of sample " + i + " against sample " + j
                            + " is not the finite opposite of the other way round; a preference is skew-symmetric:"
                            + " s(i beats j) = -s(j beats i)");
                }
            }
        }
    }
}
