// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * The ratios π_θ/π_old of one sequence at a {@link RatioLevel}, and how a loss of ratios depends on each token: at a sequence level every token's loss
 * depends on all tokens.
 */
final class Ratios {
    private final TokenBatch batch;
    private final RatioLevel level;
    private final int length;
    private final double logRatio; // of the sequence
    private final double factors; // mean of the tokens' constant factors

    private Ratios(TokenBatch batch, RatioLevel level, int length, double logRatio, double factors) {
        this.batch = batch;
        this.level = level;
        this.length = length;
        this.logRatio = logRatio;
        this.factors = factors;
    }

    static Ratios of(TokenBatch batch, int s, RatioLevel level) {
        int length = batch.length(s);
        if (level == RatioLevel.TOKEN) {
            return new Ratios(batch, level, length, 0, 1);
        }
        batch.requireOneAdvantage(s, "a ratio of sequences");
        double sum = 0;
        double factors = 0;
        for (int t = batch.start(s); t < batch.end(s); t++) {
            sum += batch.mask()[t] ? batch.logRatio(t) : 0;
            factors += batch.mask()[t] ? batch.weight(t) : 0;
        }
        return new Ratios(
                batch, level, length, level == RatioLevel.SEQUENCE_MEAN ? sum / length : sum, factors / length);
    }

    /** The ratio that token {@code t}'s loss is made of. */
    double at(int t) {
        return StrictMath.exp(level == RatioLevel.TOKEN ? batch.logRatio(t) : logRatio);
    }

    /**
     * What a token loss's derivative by its own log-ratio, the same for all tokens of a sequence, is multiplied with to be the sum of all
     * losses' derivatives by token {@code t}'s log-probability; the constant factors included.
     */
    double slope(int t) {
        return switch (level) {
            case TOKEN -> batch.weight(t);
            case SEQUENCE_MEAN -> factors;
            case SEQUENCE_SUM -> length * factors;
        };
    }

    /** The same of losses that differ from token to token: their sum at a sequence level, else the token's own. */
    double spread(double own, double sum) {
        return switch (level) {
            case TOKEN -> own;
            case SEQUENCE_MEAN -> sum / length;
            case SEQUENCE_SUM -> sum;
        };
    }

    boolean isOfSequence() {
        return level != RatioLevel.TOKEN;
    }
}
