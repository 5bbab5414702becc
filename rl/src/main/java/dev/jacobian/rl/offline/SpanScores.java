// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.transformer.TokenScores;
import java.util.Arrays;
import java.util.List;

/**
 * What a model thinks of the tokens of some spans.
 *
 * @param tokens of all spans, one behind the other
 * @param offsets [S + 1] span s owns the numbers [offsets[s], offsets[s + 1]): one for each token that counts, or several where a head
 *     that scores has several labels; these stand in the place of log-probabilities
 */
public record SpanScores(TokenScores tokens, int[] offsets) {
    /**
     * Of parts that were scored one after the other.
     *
     * @param scores of the targets of all parts
     */
    static SpanScores of(List<PackedSpans> parts, TokenScores scores) {
        int[] offsets = offsets(parts);
        int[] places = new int[offsets[offsets.length - 1]];
        int at = 0;
        int first = 0;
        for (PackedSpans part : parts) {
            for (int target : part.targets()) {
                places[at++] = first + target;
            }
            first += part.numbers();
        }
        return new SpanScores(scores.at(places), offsets);
    }

    /** Where the tokens of each span begin in the scores of all. */
    static int[] offsets(List<PackedSpans> parts) {
        int[] offsets = new int[1];
        for (PackedSpans part : parts) {
            int before = offsets[offsets.length - 1];
            int spans = offsets.length - 1;
            offsets = Arrays.copyOf(offsets, spans + part.offsets().length);
            for (int s = 1; s < part.offsets().length; s++) {
                offsets[spans + s] = before + part.offsets()[s];
            }
        }
        return offsets;
    }

    /** First token of a span. */
    public int from(int span) {
        return offsets[span];
    }

    /** Behind the last token of a span. */
    public int to(int span) {
        return offsets[span + 1];
    }

    /** Tokens of a span that count. */
    public int count(int span) {
        return offsets[span + 1] - offsets[span];
    }

    /** The numbers of a span. */
    public float[] numbers(int span) {
        return Arrays.copyOfRange(tokens.logProbs(), from(span), to(span));
    }

    /** The same in double precision. */
    public double[] vector(int span) {
        float[] numbers = numbers(span);
        double[] vector = new double[numbers.length];
        Arrays.setAll(vector, k -> numbers[k]);
        return vector;
    }

    /** Log-probability of a span: Σ over its tokens. */
    public double sum(int span) {
        return sum(tokens.logProbs(), span);
    }

    /** The sum of one number for each token over a span's. */
    public double sum(float[] values, int span) {
        double sum = 0;
        for (int t = from(span); t < to(span); t++) {
            sum += values[t];
        }
        return sum;
    }
}
