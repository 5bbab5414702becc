// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * The regression family: the policy's log-ratio to its anchor is pulled to a target,
 *
 * <pre>
 * L        = c/2 (A/τ - Δ)²                         {@link Form#REGRESSION}
 * L        = c/τ (-A Σ_t logp_t + τ/2 Δ²)           {@link Form#MIRROR_DESCENT}
 * dL/dlogp = c (Δ - A/τ)                            of both
 * </pre>
 *
 * <p>with Δ = Σ_t log(π_θ/π_anchor) over the sequence, or one such term per token. The two forms differ by terms
 * without gradient; the second is the policy gradient with a quadratic anchor, equation (3) of Kimi k1.5 (arXiv
 * 2501.12599) as a loss. The anchor's log-probabilities are {@link TokenBatch#oldLogProbs}.
 *
 * <table>
 * <caption>The family</caption>
 * <tr><th>method</th><th>A</th><th>c</th><th>anchor</th><th>aggregation</th></tr>
 * <tr><td>{@link #mirrorDescent} (Kimi k1.5)</td><td>r - mean r, or r - τ log mean exp(r/τ)</td><td>τ</td>
 *     <td>previous iterate</td><td>sequence mean, token sum</td></tr>
 * <tr><td>{@link #mirrorDescentRegression} (PMD)</td><td>leave-one-out</td><td>τ</td><td>previous iterate</td>
 *     <td>sequence mean, token mean</td></tr>
 * <tr><td>{@link #dro} (arXiv 2405.19107)</td><td>any</td><td>β, at token level</td><td>previous iterate</td>
 *     <td>token mean</td></tr>
 * <tr><td>{@link #sppo} (arXiv 2405.00675)</td><td>P(y beats π) - 1/2</td><td>2, τ = 1/η</td><td>previous iterate</td>
 *     <td>sequence mean, token sum</td></tr>
 * </table>
 *
 * <p>A sequence's loss takes the weight of its tokens: 1/B, or 1/(B l) where the aggregation divides by length. Beware:
 * the optimum is Δ = A/τ nats over a <em>whole sequence</em>, so a τ for short answers is not one for long answers. And
 * a sample with A = 0 is still pulled back to the anchor; mask a sample's tokens to leave it out.
 *
 * @param level one Δ per sequence or one per token
 * @param form which of the two losses is reported; the gradient is the same
 * @param tau τ, the strength of the anchor in units of reward per nat
 * @param coefficient c, the scale of the loss
 */
public record SquaredLogRatio(Level level, Form form, double tau, double coefficient) implements PolicyObjective {

    /** What Δ is summed over. */
    public enum Level {
        /** One Δ for all counted tokens of a sequence. */
        SEQUENCE,
        /** One Δ per token. */
        TOKEN
    }

    /** Which loss is reported. */
    public enum Form {
        /** c/2 (A/τ - Δ)²: never negative, 0 at the optimum. */
        REGRESSION,
        /** c/τ (-A Σ logp + τ/2 Δ²): policy gradient and anchor apart. */
        MIRROR_DESCENT
    }

    /** Checks that τ and c are positive and finite. */
    public SquaredLogRatio {
        if (!(tau > 0) || Double.isInfinite(tau)) {
            throw new IllegalArgumentException("tau must be positive and finite, got " + tau);
        }
        if (!(coefficient > 0) || Double.isInfinite(coefficient)) {
            throw new IllegalArgumentException("coefficient must be positive and finite, got " + coefficient);
        }
    }

    /** Online policy mirror descent: -A Σ logp + τ/2 Δ². */
    public static SquaredLogRatio mirrorDescent(double tau) {
        return new SquaredLogRatio(Level.SEQUENCE, Form.MIRROR_DESCENT, tau, tau);
    }

    /** The same as a regression: τ/2 (A/τ - Δ)². */
    public static SquaredLogRatio mirrorDescentRegression(double tau) {
        return new SquaredLogRatio(Level.SEQUENCE, Form.REGRESSION, tau, tau);
    }

    /** Direct reward optimisation, token by token: -A logp + β/2 (logp - logp_old)². */
    public static SquaredLogRatio dro(double beta) {
        return new SquaredLogRatio(Level.TOKEN, Form.MIRROR_DESCENT, beta, beta);
    }

    /** Self-play preference optimisation: (Δ - η A)² with the win rate minus one half as A. */
    public static SquaredLogRatio sppo(double eta) {
        return new SquaredLogRatio(Level.SEQUENCE, Form.REGRESSION, 1 / eta, 2);
    }

    @Override
    public ObjectiveResult evaluate(TokenBatch batch, Normalizer normalizer) {
        ObjectiveSums sums = new ObjectiveSums(batch);
        for (int s = 0; s < batch.sequences(); s++) {
            double weight = normalizer.weight(batch.length(s));
            if (level == Level.SEQUENCE) {
                batch.requireOneAdvantage(s, "a squared log-ratio of sequences");
            }
            double target = 0;
            double logProb = 0;
            double delta = 0;
            for (int t = batch.start(s); t < batch.end(s); t++) {
                if (!batch.mask()[t]) {
                    continue;
                }
                target = batch.advantages()[t] / tau;
                if (level == Level.TOKEN) {
                    sums.loss(weight * loss(target, batch.logProbs()[t], batch.logRatio(t)) * batch.weight(t));
                    sums.gradient(t, weight * derivative(target, batch.logRatio(t)) * batch.weight(t));
                }
                logProb += batch.logProbs()[t];
                delta += batch.logRatio(t);
            }
            if (level == Level.SEQUENCE) {
                sums.loss(weight * loss(target, logProb, delta));
                for (int t = batch.start(s); t < batch.end(s); t++) {
                    if (batch.mask()[t]) {
                        sums.gradient(t, weight * derivative(target, delta));
                    }
                }
            }
        }
        return sums.result();
    }

    private double loss(double target, double logProb, double delta) {
        return switch (form) {
            case REGRESSION -> coefficient / 2 * (target - delta) * (target - delta);
            case MIRROR_DESCENT -> coefficient * (delta * delta / 2 - target * logProb);
        };
    }

    private double derivative(double target, double delta) {
        return coefficient * (delta - target);
    }
}
