// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.TokenLogProbs;
import dev.jacobian.autograd.TokenLogProbs.Measure;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;

/**
 * What a model thinks of some tokens, as numbers on the host.
 *
 * @param logProbs [R] of the tokens, in nats
 * @param entropy [R] of the distributions that they were drawn from
 * @param best [R] the log-probability of the most likely token in the place of each
 * @param meanLogits [R] mean of the logits over the vocabulary; empty unless measured
 * @param collisions [R] Σ p² over the vocabulary; empty unless measured
 */
public record TokenScores(float[] logProbs, float[] entropy, float[] best, float[] meanLogits, float[] collisions) {
    /** Of no token. */
    public static final TokenScores NONE =
            new TokenScores(new float[0], new float[0], new float[0], new float[0], new float[0]);

    /** Numbers that are no log-probabilities, in the place of these: what a head that scores says. */
    public static TokenScores ofNumbers(float[] numbers) {
        return new TokenScores(numbers, new float[0], new float[0], new float[0], new float[0]);
    }

    /** The same with entropies. */
    public static TokenScores ofNumbers(float[] numbers, float[] entropy) {
        return new TokenScores(numbers, entropy, new float[0], new float[0], new float[0]);
    }

    /** Of a result that backward has not gone through yet. */
    public static TokenScores of(TokenLogProbs.Result result) {
        return new TokenScores(
                result.logProbs().value().toFloatArray(),
                result.entropy().toFloatArray(),
                best(result.normalizers().toFloatArray(), 0, result.entropy().elements()),
                measure(result, Measure.MEAN_LOGIT),
                measure(result, Measure.COLLISION));
    }

    /** Of log-probabilities, entropies and normalizers, one behind the other. */
    static TokenScores of(float[] packed, int count) {
        return new TokenScores(
                Arrays.copyOf(packed, count),
                Arrays.copyOfRange(packed, count, 2 * count),
                best(packed, 2 * count, count),
                new float[0],
                new float[0]);
    }

    private static float[] best(float[] normalizers, int from, int count) {
        float[] best = new float[count];
        for (int i = 0; i < best.length; i++) {
            best[i] = (float) -StrictMath.log(normalizers[from + 2 * i + 1]);
        }
        return best;
    }

    private static float[] measure(TokenLogProbs.Result result, Measure measure) {
        Tensor measured = result.measures().get(measure);
        return measured == null ? new float[0] : measured.toFloatArray();
    }

    /** Whether a token is the one that greedy decoding chooses; of ties all are. */
    public boolean isBest(int token) {
        return logProbs[token] >= best[token] - 1e-6f * (1 - best[token]);
    }

    /** Those of some tokens, in another order or several times. */
    public TokenScores at(int[] places) {
        return new TokenScores(
                at(logProbs, places),
                at(entropy, places),
                at(best, places),
                at(meanLogits, places),
                at(collisions, places));
    }

    private static float[] at(float[] values, int[] places) {
        if (values.length == 0) {
            return values; // not measured
        }
        float[] some = new float[places.length];
        for (int i = 0; i < some.length; i++) {
            some[i] = values[places[i]];
        }
        return some;
    }

    /** Several, one behind the other. */
    public static TokenScores joined(TokenScores first, TokenScores second) {
        return new TokenScores(
                joined(first.logProbs, second.logProbs),
                joined(first.entropy, second.entropy),
                joined(first.best, second.best),
                joined(first.meanLogits, second.meanLogits),
                joined(first.collisions, second.collisions));
    }

    private static float[] joined(float[] first, float[] second) {
        float[] all = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, all, first.length, second.length);
        return all;
    }
}
