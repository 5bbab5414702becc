// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * An {@link Aggregation} together with the totals of one optimizer step; made by {@link Aggregation#normalizer}.
 *
 * @param aggregation the mode
 * @param sequences all sequences of the optimizer step
 * @param tokens all counted tokens of the optimizer step; a fraction where a step takes its share of a larger batch's
 */
public record Normalizer(Aggregation aggregation, long sequences, double tokens) {

    /**
     * The weight of a sequence's token losses.
     *
     * @param length counted tokens of the sequence; a sequence without any has weight 0
     */
    public double weight(int length) {
        return length == 0 ? 0 : aggregation.weight(length, sequences, tokens);
    }

    /**
     * Checks that the micro-batches of a step were together what this normalizer was made for.
     *
     * @param step the statistics of all micro-batches of the step, added up
     * @throws IllegalStateException if sequences or tokens are missing or too many
     */
    public void requireComplete(ObjectiveStatistics step) {
        if (step.sequences() != sequences || (double) step.tokens() != tokens) {
            throw new IllegalStateException("the micro-batches had " + step.sequences() + " sequences and "
                    + step.tokens()
                    + " counted tokens, but the normalizer of the step was made for " + sequences + " and "
                    + (long) tokens
                    + "; pass the lengths of exactly the sequences that are evaluated");
        }
    }
}
