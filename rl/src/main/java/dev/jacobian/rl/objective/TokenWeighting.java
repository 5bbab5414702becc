// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import java.util.Arrays;
import java.util.Map;

/**
 * Constant factors of tokens' policy losses ({@link TokenBatch#weights}): what corrects samples of another policy, and what leaves tokens out
 * of the policy's term although they count in its divisor. No gradient goes through them.
 *
 * <p>Implementations are immutable values. They see log-probabilities of the weights that learn, of the old ones and of the sampler.
 */
@FunctionalInterface
public interface TokenWeighting {
    /** All 1. */
    TokenWeighting NONE = batch -> {
        double[] ones = new double[batch.tokens()];
        Arrays.fill(ones, 1);
        return ones;
    };

    /**
     * The factors.
     *
     * @param batch a whole micro-batch if {@link #comparesTokens}, else any part of one; what its {@code weights} hold is not to be read
     * @return [N]
     */
    double[] weights(TokenBatch batch);

    /** Whether it reads {@link TokenBatch#rolloutLogProbs}, which must have been reported then if this engine did not sample. */
    default boolean readsRollout() {
        return false;
    }

    /** Whether a token's factor depends on tokens of other sequences. */
    default boolean comparesTokens() {
        return false;
    }

    /**
     * Metrics of the factors, as means within the micro-batch.
     *
     * @param weights what {@link #weights} made of the batch
     */
    default Map<String, Quotient> measures(TokenBatch batch, double[] weights) {
        return Map.of();
    }

    /** The product of this and another. */
    default TokenWeighting and(TokenWeighting other) {
        if (this == NONE) {
            return other;
        }
        return other == NONE ? this : new WeightingProduct(this, other);
    }
}
