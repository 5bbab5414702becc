// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import java.util.Arrays;
import java.util.List;

/**
 * The length reward of Kimi k1.5 (arXiv 2501.12599): among the samples of one prompt shorter is better, and a wrong
 * answer never gains by being short.
 *
 * <pre>
 * λ_i = 1/2 - (l_i - min l) / (max l - min l)
 * reward = λ_i if right, min(0, λ_i) if wrong;  0 for all if every length is the same
 * </pre>
 *
 * <p>It lies in [-1/2, 1/2]: with a weight below 2 every right answer stays above every wrong one. The report trains
 * without it first and then switches it on with a constant weight:
 *
 * <pre>{@code
 * WeightedRewards rewards = WeightedRewards.of(new ExactMatchReward()).plus(new GroupLengthReward(1), 0.5);
 * }</pre>
 *
 * @param rightFrom what the other rewards must give a sample so that it is right
 */
public record GroupLengthReward(
        @Setting(value = "1.0", doc = "what the other rewards must give a sample so that it is right")
        double rightFrom) implements GroupReward {
    /** Right from 1. */
    public static final GroupLengthReward DEFAULT = ConfigTree.defaults(GroupLengthReward.class);

    /** Checks that the threshold is a number. */
    public GroupLengthReward {
        if (!Double.isFinite(rightFrom)) {
            throw new IllegalArgumentException("rightFrom must be finite, got " + rightFrom);
        }
    }

    @Override
    public String name() {
        return "group_length";
    }

    @Override
    public boolean needsTokens() {
        return true;
    }

    @Override
    public List<Score> score(Samples group) {
        int n = group.completions().size();
        boolean[] right = new boolean[n];
        int[] lengths = new int[n];
        for (int i = 0; i < n; i++) {
            right[i] = group.rewards()[i] >= rightFrom;
            lengths[i] = group.completions().get(i).tokenIds().length;
        }
        return Arrays.stream(of(right, lengths)).mapToObj(Score::of).toList();
    }

    /**
     * The length reward of every sample of a group, unweighted.
     *
     * @param right [G] whether the sample is right
     * @param lengths [G] completion tokens
     * @return [G]
     */
    public static double[] of(boolean[] right, int[] lengths) {
        if (right.length != lengths.length) {
            throw new IllegalArgumentException("a group needs one length per sample, got " + right.length + " samples, "
                    + lengths.length + " lengths");
        }
        int min = Integer.MAX_VALUE;
        int max = Integer.MIN_VALUE;
        for (int length : lengths) {
            min = Math.min(min, length);
            max = Math.max(max, length);
        }
        double[] rewards = new double[lengths.length];
        if (min < max) {
            for (int i = 0; i < rewards.length; i++) {
                double lambda = 0.5 - (double) (lengths[i] - min) / (max - min);
                rewards[i] = right[i] ? lambda : Math.min(0, lambda);
            }
        }
        return rewards;
    }
}
