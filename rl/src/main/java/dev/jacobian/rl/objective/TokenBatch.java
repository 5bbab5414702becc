// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import java.util.Arrays;
import java.util.Optional;

/**
 * The completion tokens of one micro-batch: S sequences of any lengths, end to end, N tokens in all, no padding.
 *
 * <p>Prompt tokens are not in it, and tokens that the policy did not choose (tool output) need not be. Tokens that shall not
 * count are in it with {@code mask} false: they have neither loss nor gradient.
 *
 * <p>The arrays are not copied; leave them alone while the batch is in use.
 *
 * @param logProbs [N] log π_θ of each sampled token, in nats
 * @param oldLogProbs [N] the same under the policy that the ratio and the mirror-descent anchor refer to. Strictly on
 *     policy this is {@code logProbs} itself
 * @param refLogProbs [N] the same under the reference policy of a KL penalty, if there is one
 * @param advantages [N] one advantage per token; see {@link #spread} for one per sequence
 * @param sequenceOffsets [S + 1] sequence s owns tokens {@code [offsets[s], offsets[s + 1])}
 * @param mask [N] whether a token counts
 */
public record TokenBatch(
        float[] logProbs,
        float[] oldLogProbs,
        Optional<float[]> refLogProbs,
        double[] advantages,
        int[] sequenceOffsets,
        boolean[] mask) {

    /**
     * Checks that the arrays fit together and that every counted token has finite log-probabilities.
     *
     * @throws IllegalArgumentException naming the array, the sequence and the token
     */
    public TokenBatch {
        int tokens = logProbs.length;
        requireLength("oldLogProbs", oldLogProbs.length, tokens, "logProbs");
        requireLength("mask", mask.length, tokens, "logProbs");
        refLogProbs.ifPresent(ref -> requireLength("refLogProbs", ref.length, tokens, "logProbs"));
        requireLength("advantages", advantages.length, tokens, "logProbs");
        int sequences = sequenceOffsets.length - 1;
        if (sequences < 0 || sequenceOffsets[0] != 0 || sequenceOffsets[sequences] != tokens) {
            throw new IllegalArgumentException("sequenceOffsets must run from 0 to the number of tokens (" + tokens
                    + "), got " + Arrays.toString(sequenceOffsets));
        }
        for (int s = 0; s < sequences; s++) {
            if (sequenceOffsets[s] > sequenceOffsets[s + 1]) {
                throw new IllegalArgumentException("sequenceOffsets must not decrease, but sequence " + s
                        + " runs from " + sequenceOffsets[s] + " to " + sequenceOffsets[s + 1]);
            }
        }
        for (int s = 0; s < sequences; s++) {
            for (int t = sequenceOffsets[s]; t < sequenceOffsets[s + 1]; t++) {
                if (!Double.isFinite(advantages[t])) {
                    throw new IllegalArgumentException("the advantage of sequence " + s + " is " + advantages[t]
                            + " at token " + (t - sequenceOffsets[s])
                            + "; give a sequence without reward the advantage 0");
                }
                if (mask[t]) {
                    requireFinite("logProbs", logProbs[t], s, t - sequenceOffsets[s]);
                    requireFinite("oldLogProbs", oldLogProbs[t], s, t - sequenceOffsets[s]);
                    if (refLogProbs.isPresent()) {
                        requireFinite("refLogProbs", refLogProbs.get()[t], s, t - sequenceOffsets[s]);
                    }
                }
            }
        }
    }

    /** S, the number of sequences. */
    public int sequences() {
        return sequenceOffsets.length - 1;
    }

    /** N, the number of tokens, counted or not. */
    public int tokens() {
        return logProbs.length;
    }

    /**
     * One advantage per sequence as one per token.
     *
     * @param advantages [S]
     * @return [N]
     */
    public static double[] spread(double[] advantages, int[] sequenceOffsets) {
        double[] spread = new double[sequenceOffsets[advantages.length]];
        for (int s = 0; s < advantages.length; s++) {
            Arrays.fill(spread, sequenceOffsets[s], sequenceOffsets[s + 1], advantages[s]);
        }
        return spread;
    }

    /** The first token of sequence {@code s}. */
    int start(int s) {
        return sequenceOffsets[s];
    }

    /** One past the last token of sequence {@code s}. */
    int end(int s) {
        return sequenceOffsets[s + 1];
    }

    /** The number of tokens of sequence {@code s} that count. */
    public int length(int s) {
        int length = 0;
        for (int t = start(s); t < end(s); t++) {
            length += mask[t] ? 1 : 0;
        }
        return length;
    }

    /**
     * The number of counted tokens of every sequence, [S]: what {@link Aggregation#normalizer} wants for all batches.
     */
    public int[] lengths() {
        int[] lengths = new int[sequences()];
        for (int s = 0; s < lengths.length; s++) {
            lengths[s] = length(s);
        }
        return lengths;
    }

    /**
     * Checks that the counted tokens of a sequence share one advantage.
     *
     * @param why what knows sequences only
     * @throws IllegalArgumentException if they do not
     */
    void requireOneAdvantage(int s, String why) {
        double first = Double.NaN;
        for (int t = start(s); t < end(s); t++) {
            if (mask[t] && !Double.isNaN(first) && advantages[t] != first) {
                throw new IllegalArgumentException(
                        why + " needs one advantage for all tokens of a sequence, but sequence "
                                + s + " has " + first + " and " + advantages[t]
                                + "; take an objective at token level, or an estimator of one advantage per sample");
            }
            first = mask[t] ? advantages[t] : first;
        }
    }

    /** log(π_θ / π_old) of token {@code t}, in double: exactly 0 if the two are the same number. */
    double logRatio(int t) {
        return (double) logProbs[t] - oldLogProbs[t];
    }

    private static void requireLength(String name, int length, int expected, String other) {
        if (length != expected) {
            throw new IllegalArgumentException(
                    name + " has " + length + " elements but must have " + expected + " (as " + other + ")");
        }
    }

    private static void requireFinite(String name, float value, int sequence, int token) {
        if (!Float.isFinite(value)) {
            throw new IllegalArgumentException(name + " of token " + token + " in sequence " + sequence + " is " + value
                    + "; the model diverged, or a token that the policy cannot produce was scored (mask it out)");
        }
    }
}
