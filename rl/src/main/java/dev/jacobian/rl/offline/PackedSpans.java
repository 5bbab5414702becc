// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.tensor.Segments;
import dev.jacobian.transformer.LabelledBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Spans as one packed batch.
 *
 * <p>Behind the last token that counts nothing is computed, and only what predicts a token that counts goes through the head.
 * Log-probabilities come out span after span.
 *
 * @param batch tokens, segments, and what is predicted where
 * @param offsets [S + 1] span s owns targets [offsets[s], offsets[s + 1])
 */
record PackedSpans(LabelledBatch batch, int[] offsets) {
    /** Cuts a list into runs of at most so many tokens; what hangs together is never cut, so a run may exceed the limit alone. */
    static List<PackedSpans> cut(List<Span> spans, int limit) {
        return cut(spans, limit, false);
    }

    /** @param whole whether also what predicts nothing is computed, for losses of the layers themselves */
    static List<PackedSpans> cut(List<Span> spans, int limit, boolean whole) {
        List<PackedSpans> parts = new ArrayList<>();
        int from = 0;
        int tokens = 0; // of [from, at)
        for (int at = 0; at < spans.size(); ) {
            int next = at + 1;
            int size = spans.get(at).tokens().length;
            while (next < spans.size() && spans.get(next).parent() >= 0) {
                size += spans.get(next++).tokens().length;
            }
            if (at > from && tokens + size > limit) {
                parts.add(of(spans, from, at, whole));
                from = at;
                tokens = 0;
            }
            tokens += size;
            at = next;
        }
        if (from < spans.size()) {
            parts.add(of(spans, from, spans.size(), whole));
        }
        return parts;
    }

    private static PackedSpans of(List<Span> all, int from, int to, boolean whole) {
        List<Span> spans = all.subList(from, to);
        int[] parents = spans.stream()
                .mapToInt(span -> span.parent() < 0 ? -1 : span.parent() - from)
                .toArray();
        boolean[] continued = new boolean[parents.length];
        Arrays.stream(parents).filter(parent -> parent >= 0).forEach(parent -> continued[parent] = true);
        int[] lengths = new int[parents.length];
        for (int s = 0; s < lengths.length; s++) {
            Span span = spans.get(s);
            lengths[s] = whole || continued[s]
                    ? span.tokens().length
                    : Math.max(0, span.learned().length() - 1);
        }
        Segments segments = Segments.of(lengths, parents);
        int[] tokens = new int[segments.rows()];
        int[] offsets = new int[lengths.length + 1];
        int capacity =
                spans.stream().mapToInt(span -> span.learned().cardinality()).sum();
        int[] rows = new int[capacity];
        int[] targets = new int[capacity];
        int at = 0;
        for (int s = 0; s < lengths.length; s++) {
            Span span = spans.get(s);
            System.arraycopy(span.tokens(), 0, tokens, segments.start(s), lengths[s]);
            for (int t = span.learned().nextSetBit(0);
                    t >= 0;
                    t = span.learned().nextSetBit(t + 1)) {
                int position = segments.history(s) + t - 1; // of the token that predicts
                if (position >= 0) {
                    rows[at] = segments.row(s, position);
                    targets[at++] = span.tokens()[t];
                }
            }
            offsets[s + 1] = at;
        }
        return new PackedSpans(
                new LabelledBatch(tokens, segments, Arrays.copyOf(rows, at), Arrays.copyOf(targets, at)), offsets);
    }

    /** Rows that are computed. */
    int rows() {
        return batch.tokens().length;
    }

    /** Tokens whose log-probabilities are wanted. */
    int targets() {
        return batch.targets().length;
    }
}
