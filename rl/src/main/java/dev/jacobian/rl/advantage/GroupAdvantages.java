// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import java.util.Arrays;
import java.util.Optional;

/**
 * The advantages of a group's samples: one per sample, which all its tokens share, or one per token.
 *
 * <p>Tokens are those that the policy chose, in order: tool output has no advantage.
 */
public final class GroupAdvantages {
    private final double[][] values; // [G][1] or [G][tokens]
    private final boolean perToken;
    private final Optional<int[]> kept; // the samples that are learned from, if not all

    private GroupAdvantages(double[][] values, boolean perToken) {
        this(values, perToken, Optional.empty());
    }

    private GroupAdvantages(double[][] values, boolean perToken, Optional<int[]> kept) {
        this.values = values;
        this.perToken = perToken;
        this.kept = kept;
    }

    /**
     * One per sample.
     *
     * @param advantages [G]
     */
    public static GroupAdvantages ofSamples(double[] advantages) {
        return new GroupAdvantages(
                Arrays.stream(advantages).mapToObj(a -> new double[] {a}).toArray(double[][]::new), false);
    }

    /**
     * One per token.
     *
     * @param advantages [G][tokens that the policy chose in the sample]
     */
    public static GroupAdvantages ofTokens(double[][] advantages) {
        return new GroupAdvantages(
                Arrays.stream(advantages).map(double[]::clone).toArray(double[][]::new), true);
    }

    /** G, the number of samples. */
    public int size() {
        return values.length;
    }

    /** The advantage of a sample's token. */
    public double at(int sample, int token) {
        return values[sample][perToken ? token : 0];
    }

    /** The mean over a sample's tokens, which is the sample's advantage where they share one; 0 for none. */
    public double mean(int sample) {
        return perToken ? Arrays.stream(values[sample]).average().orElse(0) : values[sample][0];
    }

    /** The advantages of a sample's tokens, as an array of their own. */
    double[] ofSample(int sample, int tokens) {
        double[] row = new double[tokens];
        for (int t = 0; t < tokens; t++) {
            row[t] = at(sample, t);
        }
        return row;
    }

    /** Whether nothing can be learned from comparing these samples. */
    public boolean isZero() {
        return Arrays.stream(values).flatMapToDouble(Arrays::stream).allMatch(a -> a == 0);
    }

    /**
     * Checks that these belong to a group.
     *
     * @param lengths [G] tokens that the policy chose
     * @throws IllegalArgumentException naming the sample
     */
    public void requireFor(int[] lengths) {
        if (values.length != lengths.length) {
            throw new IllegalArgumentException(
                    "an estimator gave " + values.length + " samples' advantages for " + lengths.length + " samples");
        }
        for (int i = 0; perToken && i < lengths.length; i++) {
            if (values[i].length != lengths[i]) {
                throw new IllegalArgumentException("an estimator gave sample " + i + " " + values[i].length
                        + " advantages; the policy chose " + lengths[i] + " tokens");
            }
        }
    }

    /** The same where only these samples are learned from, in ascending order. */
    public GroupAdvantages keeping(int[] samples) {
        return new GroupAdvantages(values, perToken, Optional.of(samples.clone()));
    }

    /** The samples that are learned from, if not all are. */
    public Optional<int[]> kept() {
        return kept.map(int[]::clone);
    }

    /** Of these samples alone, all of which are learned from. */
    public GroupAdvantages only(int[] samples) {
        return new GroupAdvantages(Picked.of(values, samples), perToken);
    }

    /** Of some of the samples. */
    public GroupAdvantages slice(int from, int to) {
        return new GroupAdvantages(Arrays.copyOfRange(values, from, to), perToken);
    }

    /** All divided by a number. */
    GroupAdvantages dividedBy(double scale) {
        return new GroupAdvantages(
                Arrays.stream(values)
                        .map(row -> Arrays.stream(row).map(a -> a / scale).toArray())
                        .toArray(double[][]::new),
                perToken);
    }
}
