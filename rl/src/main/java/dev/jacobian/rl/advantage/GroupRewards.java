// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import java.util.List;
import java.util.Optional;

/**
 * The rewards of one prompt's samples, and what else an advantage may depend on.
 *
 * <p>A sample without a reward (its reward function skipped it) holds NaN. Such a sample is left out of every baseline
 * and its advantage is 0, as in TRL. The arrays are copied on the way in, and not on the way out: do not change them.
 *
 * @param rewards [G] one reward per sample; NaN means "no reward"
 * @param lengths [G] completion tokens that count in the loss, per sample (the masked length, end token included)
 * @param tokenRewards [G][length] the rewards spread over the counted tokens, if they were given so
 * @param parts [G] each reward function's own rewards, unweighted, in the order of the functions; NaN where one skipped. Empty where
 *     nobody knows them
 * @param views what policies say of the samples, if learning from them is about to begin
 * @param extra rewards of samples of the prompt that are compared with and not learned from, NaN for none: ReMax's greedy one, another
 *     policy's
 */
public record GroupRewards(
        double[] rewards,
        int[] lengths,
        Optional<double[][]> tokenRewards,
        List<double[]> parts,
        Optional<PolicyViews> views,
        double[] extra) {

    /**
     * Copies and checks the arrays.
     *
     * @throws IllegalArgumentException if the arrays differ in length or are empty, a reward is infinite or a length is
     *     negative
     */
    public GroupRewards {
        if (rewards.length != lengths.length) {
            throw new IllegalArgumentException("a group needs one length per reward, got " + rewards.length
                    + " rewards and " + lengths.length + " lengths");
        }
        if (rewards.length == 0) {
            throw new IllegalArgumentException("a group needs at least one sample, got none");
        }
        rewards = rewards.clone();
        lengths = lengths.clone();
        extra = extra.clone();
        parts = List.copyOf(parts);
        if (tokenRewards.isPresent() && tokenRewards.get().length != rewards.length) {
            throw new IllegalArgumentException("a group of " + rewards.length + " samples needs as many rows of token"
                    + " rewards, got " + tokenRewards.get().length);
        }
        for (int i = 0; i < rewards.length; i++) {
            if (tokenRewards.isPresent() && tokenRewards.get()[i].length != lengths[i]) {
                throw new IllegalArgumentException("sample " + i + " of the group has " + lengths[i] + " tokens and "
                        + tokenRewards.get()[i].length + " token rewards");
            }
            if (Double.isInfinite(rewards[i])) {
                throw new IllegalArgumentException("reward " + i + " of the group is " + rewards[i]
                        + "; rewards must be finite, or NaN for a sample without reward");
            }
            if (lengths[i] < 0) {
                throw new IllegalArgumentException("length " + i + " of the group is negative: " + lengths[i]);
            }
        }
    }

    /** Rewards of whole completions. */
    public GroupRewards(double[] rewards, int[] lengths) {
        this(rewards, lengths, Optional.empty());
    }

    /** Rewards alone. */
    public GroupRewards(double[] rewards, int[] lengths, Optional<double[][]> tokenRewards) {
        this(rewards, lengths, tokenRewards, List.of(), Optional.empty(), new double[0]);
    }

    /** The same with other rewards of whole completions; a penalty has been taken from them, say. */
    public GroupRewards withRewards(double[] others) {
        return new GroupRewards(others, lengths, tokenRewards, parts, views, extra);
    }

    /** The same with rewards of tokens, [G][length]. */
    public GroupRewards withTokenRewards(double[][] others) {
        return new GroupRewards(rewards, lengths, Optional.of(others), parts, views, extra);
    }

    /** The same with rewards of samples that are not learned from. */
    public GroupRewards withExtra(double[] others) {
        return new GroupRewards(rewards, lengths, tokenRewards, parts, views, others);
    }

    /**
     * What each counted token of a sample earned, as an array of its own: the reward of a whole completion stands at its last
     * token; zeros for a sample without reward.
     */
    public double[] tokenRewards(int i) {
        double[] earned = tokenRewards.map(all -> all[i].clone()).orElseGet(() -> new double[lengths[i]]);
        if (tokenRewards.isEmpty() && lengths[i] > 0 && isScored(i)) {
            earned[lengths[i] - 1] = rewards[i];
        }
        return earned;
    }

    /** G, the number of samples, with and without reward. */
    public int size() {
        return rewards.length;
    }

    /** Whether sample {@code i} has a reward. */
    public boolean isScored(int i) {
        return !Double.isNaN(rewards[i]);
    }

    /** The number of samples with a reward. */
    public int scored() {
        int count = 0;
        for (int i = 0; i < size(); i++) {
            count += isScored(i) ? 1 : 0;
        }
        return count;
    }

    /**
     * The mean reward of the scored samples, NaN if there are none.
     *
     * <p>Summed as differences from the first reward, so that the mean of equal rewards is that reward to the last bit,
     * and a group without differences gets advantages of exactly 0.
     */
    public double mean() {
        double first = Double.NaN;
        double differences = 0;
        int count = 0;
        for (int i = 0; i < size(); i++) {
            if (isScored(i)) {
                first = count == 0 ? rewards[i] : first;
                differences += rewards[i] - first;
                count++;
            }
        }
        return first + differences / count;
    }

    /** The Bessel-corrected standard deviation of the scored samples (divisor n - 1); 0 if there are fewer than two. */
    public double standardDeviation() {
        int count = scored();
        if (count < 2) {
            return 0;
        }
        double mean = mean();
        double squares = 0;
        for (int i = 0; i < size(); i++) {
            if (isScored(i)) {
                squares += (rewards[i] - mean) * (rewards[i] - mean);
            }
        }
        return Math.sqrt(squares / (count - 1));
    }

    /**
     * Whether the scored samples all have the same reward (or there are none): such a group teaches nothing to a method
     * that compares samples.
     */
    public boolean isDegenerate() {
        double first = Double.NaN;
        for (int i = 0; i < size(); i++) {
            if (isScored(i)) {
                if (!Double.isNaN(first) && rewards[i] != first) {
                    return false;
                }
                first = rewards[i];
            }
        }
        return true;
    }

    /**
     * r - Σ w r / Σ w for the scored samples and 0 for the others; 0 for all if no scored sample has a weight.
     *
     * @param weights [G] w, at least 0
     */
    double[] minusWeighted(double[] weights) {
        double mean = mean(); // as differences from it, so that equal rewards give exactly that reward back
        double weighted = 0;
        double sum = 0;
        for (int i = 0; i < size(); i++) {
            if (isScored(i)) {
                weighted += weights[i] * (rewards[i] - mean);
                sum += weights[i];
            }
        }
        return sum == 0 ? new double[size()] : minus(mean + weighted / sum);
    }

    /** r - b for the scored samples and 0 for the others. */
    double[] minus(double baseline) {
        double[] advantages = new double[size()];
        for (int i = 0; i < size(); i++) {
            advantages[i] = isScored(i) ? rewards[i] - baseline : 0;
        }
        return advantages;
    }
}
