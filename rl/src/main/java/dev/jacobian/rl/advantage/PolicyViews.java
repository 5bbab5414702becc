// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import java.util.Arrays;
import java.util.Optional;

/**
 * What policies and a value model say of the tokens that a group's samples chose, all at the moment when learning from the group begins:
 * what an advantage may depend on beside rewards, and what a loss compares with.
 *
 * @param old [G][choices] log-probabilities under the weights of that moment: what a ratio refers to
 * @param rollout the same as whoever sampled reported them, where that was not this engine
 * @param ref the same under the reference policy, if the method has one
 * @param values what a value model predicts at each token, if the method has one
 * @param returns what it should have predicted
 * @param scoreNorms [G] ‖∇log π(y)‖² of each sample over the parameters that learn, if the method has them measured
 */
public record PolicyViews(
        float[][] old,
        Optional<float[][]> rollout,
        Optional<float[][]> ref,
        Optional<float[][]> values,
        Optional<double[][]> returns,
        Optional<double[]> scoreNorms) {
    /** Before anything is known of returns. */
    public PolicyViews(
            float[][] old, Optional<float[][]> rollout, Optional<float[][]> ref, Optional<float[][]> values) {
        this(old, rollout, ref, values, Optional.empty(), Optional.empty());
    }

    /** Of samples of this engine: what it said when it sampled is what it says now. */
    public static PolicyViews sampled(float[][] logProbs) {
        return new PolicyViews(logProbs, Optional.empty(), Optional.empty(), Optional.empty());
    }

    /** The same with a reference policy's. */
    public PolicyViews withRef(float[][] logProbs) {
        return new PolicyViews(old, rollout, Optional.of(logProbs), values, returns, scoreNorms);
    }

    /** The same with a value model's. */
    public PolicyViews withValues(float[][] predictions) {
        return new PolicyViews(old, rollout, ref, Optional.of(predictions), returns, scoreNorms);
    }

    /** The same with what the value model should have predicted. */
    public PolicyViews withReturns(double[][] targets) {
        return new PolicyViews(old, rollout, ref, values, Optional.of(targets), scoreNorms);
    }

    /** The same with the squared norms of the samples' scores, [G]. */
    public PolicyViews withScoreNorms(double[] squares) {
        return new PolicyViews(old, rollout, ref, values, returns, Optional.of(squares));
    }

    /** Of some of the samples. */
    public PolicyViews slice(int from, int to) {
        return new PolicyViews(
                Arrays.copyOfRange(old, from, to),
                rollout.map(all -> Arrays.copyOfRange(all, from, to)),
                ref.map(all -> Arrays.copyOfRange(all, from, to)),
                values.map(all -> Arrays.copyOfRange(all, from, to)),
                returns.map(all -> Arrays.copyOfRange(all, from, to)),
                scoreNorms.map(all -> Arrays.copyOfRange(all, from, to)));
    }

    /** Of these samples. */
    public PolicyViews only(int[] samples) {
        return new PolicyViews(
                picked(old, samples),
                rollout.map(all -> picked(all, samples)),
                ref.map(all -> picked(all, samples)),
                values.map(all -> picked(all, samples)),
                returns.map(all -> Picked.of(all, samples)),
                scoreNorms.map(
                        all -> Arrays.stream(samples).mapToDouble(i -> all[i]).toArray()));
    }

    private static float[][] picked(float[][] all, int[] samples) {
        return Arrays.stream(samples).mapToObj(i -> all[i]).toArray(float[][]::new);
    }

    /** Σ_t (log π_old − log π_ref) of a sample: the k1 estimate of its divergence; 0 without a reference. */
    public double klToRef(int sample) {
        double sum = 0;
        for (int t = 0; ref.isPresent() && t < old[sample].length; t++) {
            sum += (double) old[sample][t] - ref.get()[sample][t];
        }
        return sum;
    }
}
