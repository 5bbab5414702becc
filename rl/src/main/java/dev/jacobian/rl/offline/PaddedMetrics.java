// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.rl.config.Setting;

/**
 * {@code logits/chosen} and {@code logits/rejected} as TRL's CPO, ORPO and BCO have them: over prompts and padding too, and so different
 * numbers for the same pair in another micro-batch. What is of completions alone is {@code completion_logits/*}.
 */
public record PaddedMetrics(
        @Setting(
                value = "true",
                doc = "measure logits/chosen and logits/rejected as TRL does, over prompts and padding too; false"
                        + " saves the forward pass that this takes")
        boolean paddedLogits) {
    /** @param last places at the end of each row that are left out */
    void measurePairs(Batch<Preference> batch, int last) {
        batch.padded().ifPresent(logits -> {
            int width = logits.length() - last;
            for (int row = 0; row < 2 * batch.size(); row++) {
                String side = row < batch.size() ? "logits/chosen" : "logits/rejected";
                batch.meter().add(side, logits.sum(row, width), width);
            }
        });
    }

    /** The sum over a row and the vocabulary, as a mean over the rows of the whole step. */
    void measureJudged(Batch<Judged> batch) {
        batch.padded().ifPresent(logits -> {
            for (int row = 0; row < batch.size(); row++) {
                boolean liked = batch.examples().get(row).desirable();
                double sum = logits.vocabulary() * logits.sum(row, logits.length());
                batch.meter().pooled(liked ? "logits/chosen" : "logits/rejected", sum, 1);
            }
        });
    }

    /**
     * Mean logits at every place of a micro-batch with its padding.
     *
     * @param means [S][T]
     * @param vocabulary what they are means over
     */
    public record Logits(float[][] means, int vocabulary) {
        /** T. */
        int length() {
            return means[0].length;
        }

        double sum(int row, int width) {
            double sum = 0;
            for (int t = 0; t < width; t++) {
                sum += means[row][t];
            }
            return sum;
        }
    }
}
