// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.loop;

import dev.jacobian.tensor.Segments;
import dev.jacobian.transformer.LabelledBatch;
import java.util.ArrayList;
import java.util.List;

/** Data as packed batches: nothing is padded, and behind a datum's last target nothing is computed. */
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
            if (at > from && tokens + length > limit) {
                parts.add(of(data.subList(from, at), whole));
                from = at;
                tokens = 0;
            }
            tokens += length;
        }
        if (from < data.size()) {
            parts.add(of(data.subList(from, data.size()), whole));
        }
        return parts;
    }

    private static LabelledBatch of(List<Datum> data, boolean whole) {
        Segments segments = Segments.of(
                data.stream().mapToInt(datum -> length(datum, whole)).toArray());
        int[] tokens = new int[segments.rows()]; // [N]
        int count = data.stream().mapToInt(Datum::count).sum();
        int[] rows = new int[count]; // [R]
        int[] targets = new int[count]; // [R]
        int at = 0;
        for (int d = 0; d < data.size(); d++) {
            Datum datum = data.get(d);
            System.arraycopy(datum.tokens(), 0, tokens, segments.start(d), segments.length(d));
            for (int t = 0; t < segments.length(d); t++) {
                if (datum.targets()[t] != LabelledBatch.IGNORE) {
                    rows[at] = segments.start(d) + t;
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
