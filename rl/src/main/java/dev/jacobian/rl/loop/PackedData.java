// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.loop;

import dev.jacobian.tensor.Segments;
import dev.jacobian.transformer.LabelledBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Data as packed batches: nothing is padded, and behind a datum's last target nothing is computed. A prompt that data one behind the
 * other have in common, as the samples of a group or a chosen and a rejected completion do, is computed once in each batch.
 */
final class PackedData {
    private PackedData() {}

    /**
     * Runs of at most so many tokens; a datum is never cut, so it may exceed the limit alone.
     *
     * @param whole whether also what predicts nothing is computed
     */
    static List<LabelledBatch> cut(List<Datum> data, int limit, boolean whole) {
        List<LabelledBatch> parts = new ArrayList<>();
        int from = 0;
        int tokens = 0; // of [from, at)
        for (int at = 0; at < data.size(); at++) {
            int length = data.get(at).tokens().length;
            int added = at > from ? length - shared(data.get(at - 1), data.get(at)) : length;
            if (at > from && tokens + added > limit) {
                parts.add(of(data.subList(from, at), whole));
                from = at;
                tokens = 0;
                added = length;
            }
            tokens += added;
        }
        if (from < data.size()) {
            parts.add(of(data.subList(from, data.size()), whole));
        }
        return parts;
    }

    /** Tokens of the prompt that two data have in common, up to the one that predicts the first target; 0 if their prompts differ. */
    private static int shared(Datum one, Datum other) {
        int prompt = prompt(one);
        boolean same = prompt > 1
                && prompt == prompt(other)
                && Arrays.equals(one.tokens(), 0, prompt, other.tokens(), 0, prompt);
        return same ? prompt : 0;
    }

    private static int prompt(Datum datum) {
        int first = 0;
        while (first < datum.targets().length && datum.targets()[first] == LabelledBatch.IGNORE) {
            first++;
        }
        return first == datum.targets().length ? 0 : first + 1; // nothing is asked: no prompt
    }

    private static LabelledBatch of(List<Datum> data, boolean whole) {
        int[] lengths = new int[2 * data.size()];
        int[] parents = new int[lengths.length];
        int[] own = new int[data.size()]; // the segment of each datum's end, or of all of it
        int count = 0;
        for (int d = 0; d < data.size(); d++) {
            Datum datum = data.get(d);
            int before = d > 0 ? shared(data.get(d - 1), datum) : 0;
            int behind = d + 1 < data.size() ? shared(datum, data.get(d + 1)) : 0;
            if (before == 0 && behind > 0) { // the first of several: their prompt
                lengths[count] = behind;
                parents[count++] = -1;
            }
            int prompt = Math.max(before, behind);
            lengths[count] = length(datum, whole) - prompt;
            parents[count] = prompt == 0 ? -1 : before > 0 ? parents[own[d - 1]] : count - 1;
            own[d] = count++;
        }
        Segments segments = Segments.of(Arrays.copyOf(lengths, count), Arrays.copyOf(parents, count));
        int[] tokens = new int[segments.rows()]; // [N]
        int asked = data.stream().mapToInt(Datum::count).sum();
        int[] rows = new int[asked]; // [R]
        int[] targets = new int[asked]; // [R]
        int at = 0;
        for (int d = 0; d < data.size(); d++) {
            Datum datum = data.get(d);
            for (int t = 0; t < length(datum, whole); t++) {
                int row = segments.row(own[d], t);
                tokens[row] = datum.tokens()[t];
                if (datum.targets()[t] != LabelledBatch.IGNORE) {
                    rows[at] = row;
                    targets[at++] = datum.targets()[t];
                }
            }
        }
        return new LabelledBatch(tokens, segments, rows, targets);
    }

    private static int length(Datum datum, boolean whole) {
        int length = datum.tokens().length;
        while (!whole && length > 0 && datum.targets()[length - 1] == LabelledBatch.IGNORE) {
            length--;
        }
        return length;
    }
}
