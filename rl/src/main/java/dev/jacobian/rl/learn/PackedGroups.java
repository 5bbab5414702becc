// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.tensor.Segments;
import java.util.List;

/**
 * Groups as one packed batch for scoring: every prompt once, every completion as a segment that continues its prompt.
 *
 * <p>The last token that the policy chose predicts nothing that counts, so neither it nor what follows is computed; and only what
 * predicts a choice goes through the head. Log-probabilities come out sequence after sequence, choice after choice.
 *
 * @param tokens [N] input tokens
 * @param segments how they divide; completions name their prompt as parent
 * @param rows [R] the row that predicts each chosen token
 * @param targets [R] the chosen tokens
 * @param offsets [S + 1] sample s owns targets [offsets[s], offsets[s + 1])
 */
public record PackedGroups(int[] tokens, Segments segments, int[] rows, int[] targets, int[] offsets) {
    public static PackedGroups of(List<Group> groups) {
        int sequences = groups.stream().mapToInt(Group::size).sum();
        int[] lengths = new int[groups.size() + sequences];
        int[] parents = new int[lengths.length];
        int[] offsets = new int[sequences + 1];
        int segment = 0;
        int sequence = 0;
        for (Group group : groups) {
            int prompt = segment;
            lengths[segment] = group.promptLength();
            parents[segment++] = -1;
            for (Trajectory sample : group.samples()) {
                lengths[segment] = Math.max(0, sample.lastChoice() - 1 - group.promptLength());
                parents[segment++] = prompt;
                offsets[sequence + 1] = offsets[sequence] + sample.choices();
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
            int length = group.promptLength();
            int[] shared = group.samples().getFirst().tokens();
            System.arraycopy(shared, 0, tokens, segments.start(prompt), length);
            for (Trajectory sample : group.samples()) {
                int start = segments.start(segment);
                System.arraycopy(sample.tokens(), length, tokens, start, segments.length(segment++));
                for (int t = length; t < sample.lastChoice(); t++) {
                    if (sample.chosen()[t]) {
                        rows[at] = t == length ? segments.start(prompt) + length - 1 : start + t - length - 1;
                        targets[at++] = sample.tokens()[t];
                    }
                }
            }
        }
        return new PackedGroups(tokens, segments, rows, targets, offsets);
    }
}
