// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * A loss over sampled tokens, to be minimised, together with its derivative.
 *
 * <p>Implementations are immutable values, safe to share. They compute in double with {@link StrictMath}, so that a
 * loss has the same bits on every machine, and give the gradient in float. The gradient of a token depends on its own
 * sequence and on the normalizer only: cutting a step into other micro-batches does not change a bit of it. What compares tokens of a
 * micro-batch with each other is a {@link TokenWeighting}.
 *
 * <p>An objective that honours {@link TokenBatch#weights} multiplies each token's policy loss and its derivative with them, and leaves
 * the KL penalty alone; those of this package do.
 *
 * <p>At the sampling policy (log-probabilities equal to the old ones, no KL penalty) all objectives of this package
 * have the same gradient, -A times the weight of the aggregation, up to a constant scale: {@link SquaredLogRatio} has
 * its c/τ, and {@link RatioLevel#SEQUENCE_SUM} the sequence's length. They part with the second optimizer step on the
 * same samples.
 */
public interface PolicyObjective {

    /**
     * The loss of a micro-batch and its derivative.
     *
     * @param batch S sequences of an optimizer step
     * @param normalizer the normalizer of that whole step
     * @return this micro-batch's share of the step's loss; shares and gradients add up over micro-batches
     */
    ObjectiveResult evaluate(TokenBatch batch, Normalizer normalizer);

    /** Whether {@link TokenBatch#refLogProbs} must be present. */
    default boolean needsReference() {
        return false;
    }

    /** Whether it reads {@link TokenBatch#rolloutLogProbs}, which must have been reported then if this engine did not sample. */
    default boolean readsRollout() {
        return false;
    }

    /** Whether a token's loss depends on tokens of other sequences: then {@link #evaluate} must see a whole micro-batch. */
    default boolean comparesTokens() {
        return false;
    }

    /** Whether the old log-probabilities matter: if not, samples must be used for one optimizer step only. */
    default boolean usesOldLogProbs() {
        return true;
    }
}
