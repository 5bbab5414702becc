// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * How the token losses L[i,t] of all sequences of an optimizer step become one number.
 *
 * <p>Every mode is a weighted sum Σ_i w_i Σ_t L[i,t] in which a sequence's weight depends on its own counted length l_i
 * and on totals over the <em>whole</em> optimizer step: B sequences, Σ l tokens. A {@link Normalizer} holds those
 * totals. Because it is made once, before the step is cut into micro-batches, their number cannot change the loss; {@link
 * MicroBatchTokenMean} is the exception, for those who want TRL's.
 *
 * <table>
 * <caption>Modes</caption>
 * <tr><th>mode</th><th>w_i</th><th>TRL's loss_type</th><th>effect</th></tr>
 * <tr><td>{@link TokenMean}</td><td>1 / Σ l</td><td>dapo</td><td>long sequences weigh more</td></tr>
 * <tr><td>{@link MicroBatchTokenMean}</td><td>1 / (M Σ l) over the micro-batch</td><td>bnpo</td><td>the loss depends on how a step
 *     is cut into its M micro-batches</td></tr>
 * <tr><td>{@link SequenceMeanTokenMean}</td><td>1 / (B l_i)</td><td>grpo</td><td>a token of a long sequence weighs
 *     less, so long wrong answers are punished too little</td></tr>
 * <tr><td>{@link SequenceMeanTokenSum}</td><td>1 / B</td><td></td><td>the policy gradient's own form</td></tr>
 * <tr><td>{@link Constant}</td><td>1 / (B L)</td><td>dr_grpo</td><td>the same up to the constant 1/L</td></tr>
 * <tr><td>{@link TokenSum}</td><td>1</td><td></td><td>the learning rate has to know the batch size</td></tr>
 * </table>
 *
 * <p>B counts sequences without counted tokens too.
 */
public sealed interface Aggregation {

    /**
     * The weight of one sequence's tokens.
     *
     * @param length counted tokens of the sequence, at least 1
     * @param sequences B, all sequences of the optimizer step
     * @param tokens all counted tokens of the optimizer step
     */
    double weight(int length, long sequences, double tokens);

    /** Σ L / Σ l over the whole optimizer step (DAPO, arXiv 2503.14476). */
    record TokenMean() implements Aggregation {
        @Override
        public double weight(int length, long sequences, double tokens) {
            return 1.0 / tokens;
        }
    }

    /** mean_i (1/l_i) Σ_t L (GRPO as published, arXiv 2402.03300). */
    record SequenceMeanTokenMean() implements Aggregation {
        @Override
        public double weight(int length, long sequences, double tokens) {
            return 1.0 / ((double) sequences * length);
        }
    }

    /** mean_i Σ_t L. */
    record SequenceMeanTokenSum() implements Aggregation {
        @Override
        public double weight(int length, long sequences, double tokens) {
            return 1.0 / sequences;
        }
    }

    /**
     * Σ L / (B · maxLength) (Dr.GRPO, arXiv 2503.20783).
     *
     * @param maxLength the completion limit of the run, in tokens; not the longest completion of the batch
     */
    record Constant(int maxLength) implements Aggregation {
        /** Checks that the divisor is positive. */
        public Constant {
            if (maxLength < 1) {
                throw new IllegalArgumentException("maxLength must be at least 1 token, got " + maxLength);
            }
        }

        @Override
        public double weight(int length, long sequences, double tokens) {
            return 1.0 / ((double) sequences * maxLength);
        }
    }

    /** Σ L. */
    record TokenSum() implements Aggregation {
        @Override
        public double weight(int length, long sequences, double tokens) {
            return 1;
        }
    }

    /**
     * Σ L / Σ l within each micro-batch, and the mean of those (TRL's {@code bnpo}): the {@link Normalizer} of each micro-batch has that
     * micro-batch's tokens times the number of micro-batches.
     */
    record MicroBatchTokenMean() implements Aggregation {
        @Override
        public double weight(int length, long sequences, double tokens) {
            return 1.0 / tokens;
        }
    }

    /** {@link TokenMean}. */
    static Aggregation tokenMean() {
        return new TokenMean();
    }

    /** {@link SequenceMeanTokenMean}. */
    static Aggregation sequenceMeanTokenMean() {
        return new SequenceMeanTokenMean();
    }

    /** {@link SequenceMeanTokenSum}. */
    static Aggregation sequenceMeanTokenSum() {
        return new SequenceMeanTokenSum();
    }

    /** {@link Constant} with the run's completion limit in tokens. */
    static Aggregation constant(int maxLength) {
        return new Constant(maxLength);
    }

    /** {@link TokenSum}. */
    static Aggregation tokenSum() {
        return new TokenSum();
    }

    /** {@link MicroBatchTokenMean}. */
    static Aggregation microBatchTokenMean() {
        return new MicroBatchTokenMean();
    }

    /**
     * Fixes the divisor for one optimizer step.
     *
     * @param allSequenceLengths counted tokens of <em>every</em> sequence of the optimizer step, over all its
     *     micro-batches
     */
    default Normalizer normalizer(int[] allSequenceLengths) {
        long tokens = 0;
        for (int i = 0; i < allSequenceLengths.length; i++) {
            if (allSequenceLengths[i] < 0) {
                throw new IllegalArgumentException(
                        "the length of sequence " + i + " is negative: " + allSequenceLengths[i]);
            }
            tokens += allSequenceLengths[i];
        }
        return new Normalizer(this, allSequenceLengths.length, (double) tokens);
    }
}
