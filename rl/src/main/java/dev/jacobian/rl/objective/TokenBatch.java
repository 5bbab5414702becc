// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * The completion tokens of one micro-batch: S sequences of any lengths, end to end, N tokens in all, no padding.
 *
 * <p>Prompt tokens are not in it, and tokens that the policy did not choose (tool output) need not be. Tokens that shall not
 * count are in it with {@code mask} false: they have neither loss nor gradient.
 *
 * <p>Three policies may have something to say of a token beside π_θ, and they are kept apart: the one that sampled it ({@code
 * rolloutLogProbs}, in the sampler's own words), the one that the ratio refers to ({@code oldLogProbs}: the weights as they were when
 * learning from these samples began, in this engine's words) and the reference of a KL penalty. Where this engine sampled, the first two are one
 * number.
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
 * @param rolloutLogProbs [N] log-probabilities as whoever sampled reported them; absent where they are {@code oldLogProbs}
 * @param weights [N] a constant factor of each token's policy loss, but not of its KL penalty: importance weights of foreign samples,
 *     tokens that are left out of the policy's term while they count in the divisor. All 1 where absent
 * @param entropies [N] entropy of the distribution that π_θ has at each token, in nats; a loss may have a {@linkplain
 *     ObjectiveResult#gradEntropies derivative by it}. The trainer always knows it
 * @param values [N] what a value model predicts at each token, if there is one
 */
public record TokenBatch(
        float[] logProbs,
        float[] oldLogProbs,
        Optional<float[]> refLogProbs,
        double[] advantages,
        int[] sequenceOffsets,
        boolean[] mask,
        Optional<float[]> rolloutLogProbs,
        Optional<double[]> weights,
        Optional<float[]> entropies,
        Optional<TokenValues> values) {

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
        rolloutLogProbs.ifPresent(own -> requireLength("rolloutLogProbs", own.length, tokens, "logProbs"));
        weights.ifPresent(own -> requireLength("weights", own.length, tokens, "logProbs"));
        entropies.ifPresent(own -> requireLength("entropies", own.length, tokens, "logProbs"));
        values.ifPresent(own -> requireLength("values", own.now().length, tokens, "logProbs"));
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

    /** Samples of this engine, every token with its whole loss. */
    public TokenBatch(
            float[] logProbs,
            float[] oldLogProbs,
            Optional<float[]> refLogProbs,
            double[] advantages,
            int[] sequenceOffsets,
            boolean[] mask) {
        this(
                logProbs,
                oldLogProbs,
                refLogProbs,
                advantages,
                sequenceOffsets,
                mask,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    /** The same with ratios to another policy, [N]. */
    public TokenBatch withOld(float[] other) {
        return new TokenBatch(
                logProbs,
                other,
                refLogProbs,
                advantages,
                sequenceOffsets,
                mask,
                rolloutLogProbs,
                weights,
                entropies,
                values);
    }

    /** The same, sampled by somebody who reported these log-probabilities, [N]. */
    public TokenBatch withRollout(float[] sampled) {
        return with(Optional.of(sampled), weights, entropies, values);
    }

    /** The same with factors of the policy's loss, [N]; they replace those that it has. */
    public TokenBatch withWeights(double[] factors) {
        return with(rolloutLogProbs, Optional.of(factors), entropies, values);
    }

    /** The same with entropies, [N]. */
    public TokenBatch withEntropies(float[] nats) {
        return with(rolloutLogProbs, weights, Optional.of(nats), values);
    }

    /** The same with what a value model says. */
    public TokenBatch withValues(TokenValues predicted) {
        return with(rolloutLogProbs, weights, entropies, Optional.of(predicted));
    }

    private TokenBatch with(
            Optional<float[]> rollout,
            Optional<double[]> factors,
            Optional<float[]> nats,
            Optional<TokenValues> predicted) {
        return new TokenBatch(
                logProbs,
                oldLogProbs,
                refLogProbs,
                advantages,
                sequenceOffsets,
                mask,
                rollout,
                factors,
                nats,
                predicted);
    }

    /** The sequences of several batches one after the other, as what compares their tokens sees them: without factors and values. */
    public static TokenBatch joined(List<TokenBatch> parts) {
        int[] offsets = new int[parts.stream().mapToInt(TokenBatch::sequences).sum() + 1];
        boolean[] counted =
                new boolean[parts.stream().mapToInt(TokenBatch::tokens).sum()];
        double[] credit = new double[counted.length];
        int s = 0;
        int at = 0;
        for (TokenBatch part : parts) {
            System.arraycopy(part.mask, 0, counted, at, part.tokens());
            System.arraycopy(part.advantages, 0, credit, at, part.tokens());
            for (int own = 0; own < part.sequences(); own++) {
                offsets[++s] = at + part.end(own);
            }
            at += part.tokens();
        }
        TokenBatch all = new TokenBatch(
                flat(parts, part -> Optional.of(part.logProbs)).orElseThrow(),
                flat(parts, part -> Optional.of(part.oldLogProbs)).orElseThrow(),
                flat(parts, TokenBatch::refLogProbs),
                credit,
                offsets,
                counted);
        return all.with(
                flat(parts, TokenBatch::rolloutLogProbs),
                Optional.empty(),
                flat(parts, TokenBatch::entropies),
                Optional.empty());
    }

    private static Optional<float[]> flat(List<TokenBatch> parts, Function<TokenBatch, Optional<float[]>> of) {
        float[] all = new float[parts.stream().mapToInt(TokenBatch::tokens).sum()];
        int at = 0;
        for (TokenBatch part : parts) {
            Optional<float[]> own = of.apply(part);
            if (own.isEmpty()) {
                return Optional.empty();
            }
            System.arraycopy(own.get(), 0, all, at, own.get().length);
            at += own.get().length;
        }
        return Optional.of(all);
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
    public int start(int s) {
        return sequenceOffsets[s];
    }

    /** One past the last token of sequence {@code s}. */
    public int end(int s) {
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
    public void requireOneAdvantage(int s, String why) {
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
    public double logRatio(int t) {
        return (double) logProbs[t] - oldLogProbs[t];
    }

    /** log(π_old / π_rollout) of token {@code t}, in double: exactly 0 where this engine sampled. */
    public double rolloutLogRatio(int t) {
        return rolloutLogProbs.map(own -> (double) oldLogProbs[t] - own[t]).orElse(0.0);
    }

    /** The constant factor of token {@code t}'s policy loss. */
    public double weight(int t) {
        return weights.map(own -> own[t]).orElse(1.0);
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
