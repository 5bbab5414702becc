// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.tensor.Segments;
import java.util.List;

/**
 * Groups as one packed batch for scoring: every prompt once, every completion as a segment that continues its prompt.
 *
 * <p>The last token of a completion predicts nothing, so it is not computed. Log-probabilities come out sequence after
 * sequence in order.
 *
 * @param tokens [N] input tokens
 * @param segments how they divide; completions name their prompt as parent
 * @param rows [R] the row that predicts each completion token
 * @param targets [R] the completion tokens
 * @param offsets [S + 1] completion s owns targets [offsets[s], offsets[s + 1])
 */
record PackedGroups(int[] tokens, Segments segments, int[] rows, int[] targets, int[] offsets) {
    static PackedGroups of(List<Group> groups) {
        int sequences = groups.stream().mapToInt(g -> g.samples().size()).sum();
        int[] lengths = new int[groups.size() + sequences];
        int[] parents = new int[lengths.length];
        int[] offsets = new int[sequences + 1];
        int segment = 0;
        int sequence = 0;
        for (Group group : groups) {
            int prompt = segment;
            lengths[segment] = group.promptIds().length;
            parents[segment++] = -1;
            for (Trajectory sample : group.samples()) {
                lengths[segment] = sample.length() - 1;
                parents[segment++] = prompt;
                offsets[sequence + 1] = offsets[sequence] + sample.length();
                sequence++;
            }
        }
        Segments segments = Segments.of(lengths, parents);
        int[] tokens = new int[segments.rows()];
        int[] rows = new int[offsets[sequences]];
        int[] targets = new int[rows.length];
        segment = 0;
        int at = 0;
        for (Group group : groups) {
            int prompt = segment++;
            System.arraycopy(group.promptIds(), 0, tokens, segments.start(prompt), lengths[prompt]);
            int lastOfPrompt = segments.start(prompt) + lengths[prompt] - 1;
            for (Trajectory sample : group.samples()) {
                int start = segments.start(segment++);
                System.arraycopy(sample.tokenIds(), 0, tokens, start, sample.length() - 1);
                for (int t = 0; t < sample.length(); t++) {
                    rows[at] = t == 0 ? lastOfPrompt : start + t - 1;
                    targets[at++] = sample.tokenIds()[t];
                }
            }
        }
        return new PackedGroups(tokens, segments, rows, targets, offsets);
    }
}
