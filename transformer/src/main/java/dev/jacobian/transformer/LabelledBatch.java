// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.tensor.Segments;
import java.util.List;

/**
 * Sequences and labels in packed form.
 *
 * @param tokens [N] token ids of all sequences
 * @param segments how they divide
 * @param rows [R] rows whose prediction counts
 * @param targets [R] what they should predict
 */
public record LabelledBatch(int[] tokens, Segments segments, int[] rows, int[] targets) {
    /** The label that does not count. */
    public static final int IGNORE = -100;

    /** Packs sequences; {@code labels[t]} is the target of the row at t − 1 ({@link CausalLM#loss}). */
    public static LabelledBatch of(List<int[]> sequences, List<int[]> labels) {
        if (sequences.size() != labels.size()) {
            throw new IllegalArgumentException(
                    sequences.size() + " sequences but " + labels.size() + " rows of labels");
        }
        int[] lengths = new int[sequences.size()];
        int counted = 0;
        for (int s = 0; s < lengths.length; s++) {
            lengths[s] = sequences.get(s).length;
            if (labels.get(s).length != lengths[s]) {
                throw new IllegalArgumentException(
                        "sequence " + s + " has " + lengths[s] + " tokens but " + labels.get(s).length + " labels");
            }
            for (int t = 1; t < lengths[s]; t++) {
                counted += labels.get(s)[t] != IGNORE ? 1 : 0;
            }
        }
        Segments segments = Segments.of(lengths);
        int[] tokens = new int[segments.rows()];
        int[] rows = new int[counted];
        int[] targets = new int[counted];
        int at = 0;
        for (int s = 0; s < lengths.length; s++) {
            System.arraycopy(sequences.get(s), 0, tokens, segments.start(s), lengths[s]);
            for (int t = 1; t < lengths[s]; t++) {
                if (labels.get(s)[t] != IGNORE) {
                    rows[at] = segments.start(s) + t - 1;
                    targets[at++] = labels.get(s)[t];
                }
            }
        }
        return new LabelledBatch(tokens, segments, rows, targets);
    }
}
