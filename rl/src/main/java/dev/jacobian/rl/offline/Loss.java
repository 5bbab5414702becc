// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.rl.learn.LossValue;
import dev.jacobian.transformer.TokenScores;
import java.util.List;

/**
 * A loss while it is written down: its value, and its derivative with respect to the log-probability of every token that counts.
 *
 * <pre>{@code
 * Loss loss = Loss.of(policy);
 * loss.add(0.5 * log * log, span, log); // ½ x², where x is the span's log-probability
 * }</pre>
 */
public final class Loss {
    private final SpanScores scores;
    private final double[] derivatives;
    private double value;

    private Loss(SpanScores scores) {
        this.scores = scores;
        TokenScores tokens = scores.tokens();
        this.derivatives = new double[tokens.logProbs().length];
    }

    /** Nothing yet. */
    public static Loss of(SpanScores policy) {
        return new Loss(policy);
    }

    /** Adds to the value. */
    public Loss add(double addend) {
        value += addend;
        return this;
    }

    /** Adds to the derivative with respect to a token's log-probability. */
    public void slope(int token, double derivative) {
        derivatives[token] += derivative;
    }

    /** Adds to the derivative with respect to a span's log-probability, the sum of its tokens'. */
    public void slopeOfSum(int span, double derivative) {
        for (int t = scores.from(span); t < scores.to(span); t++) {
            derivatives[t] += derivative;
        }
    }

    /** Adds to value and derivative of a function of a span's log-probability. */
    public void add(double addend, int span, double derivative) {
        value += addend;
        slopeOfSum(span, derivative);
    }

    /** The loss. */
    public double value() {
        return value;
    }

    /** Its derivative at a token. */
    public double derivative(int token) {
        return derivatives[token];
    }

    /** The same with derivatives of what is computed: of tokens that spans share, the sum. */
    LossValue of(List<PackedSpans> parts) {
        return new LossValue(value, PackedSpans.ofTargets(parts, derivatives));
    }
}
