// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.rl.learn.Reading;
import dev.jacobian.tensor.Segments;
import dev.jacobian.transformer.LabelledBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Spans as one packed batch.
 *
 * <p>Behind the last token that counts nothing is computed, and only what predicts a token that counts, or is one that scores, goes
 * through the head. What all
 * that continue a span begin with is computed once too: a pair of {@code " water."} and {@code " wine."} shares {@code " w"}, and the
 * gradients there cancel as exactly as they do on paper, where Adam would make steps of their rounding errors.
 *
 * @param batch tokens, segments, and what is predicted where
 * @param offsets [S + 1] span s owns scores [offsets[s], offsets[s + 1])
 * @param targets [offsets[S]] which of the batch's numbers each of them is
 * @param numbers that are read of the batch: for each of its targets as many as the reading has
 */
record PackedSpans(LabelledBatch batch, int[] offsets, int[] targets, int numbers) {
    /** Cuts a list into runs of at most so many tokens; what hangs together is never cut, so a run may exceed the limit alone. */
    static List<PackedSpans> cut(List<Span> spans, int limit, Reading reading) {
        return cut(spans, limit, reading, false);
    }

    /** @param whole whether also what predicts nothing is computed, for losses of the layers themselves */
    static List<PackedSpans> cut(List<Span> spans, int limit, Reading reading, boolean whole) {
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
                parts.add(of(spans.subList(from, at), from, reading, whole));
                from = at;
                tokens = 0;
            }
            tokens += size;
            at = next;
        }
        if (from < spans.size()) {
            parts.add(of(spans.subList(from, spans.size()), from, reading, whole));
        }
        return parts;
    }

    private static PackedSpans of(List<Span> spans, int from, Reading reading, boolean whole) {
        int before = reading.isOfTokenItself() ? 0 : 1;
        int each = reading.perToken();
        int[] parents = spans.stream()
                .mapToInt(span -> span.parent() < 0 ? -1 : span.parent() - from)
                .toArray();
        int[] moved = whole || before == 0
                ? new int[parents.length]
                : shared(spans, parents); // beginnings that their parents take
        int[] lengths = new int[parents.length];
        for (int s = 0; s < lengths.length; s++) {
            lengths[s] = whole
                    ? spans.get(s).tokens().length
                    : Math.max(0, spans.get(s).learned().length() - before - moved[s]);
            if (parents[s] >= 0) {
                lengths[parents[s]] = spans.get(parents[s]).tokens().length + moved[s];
            }
        }
        Segments segments = Segments.of(lengths, parents);
        int[] tokens = new int[segments.rows()];
        Map<Long, Integer> known = new HashMap<>(); // targets by row and token
        int[] offsets = new int[lengths.length + 1];
        int capacity =
                spans.stream().mapToInt(span -> span.learned().cardinality()).sum();
        int[] rows = new int[capacity];
        int[] wanted = new int[capacity];
        int[] targets = new int[each * capacity];
        int scores = 0;
        int count = 0;
        for (int s = 0; s < lengths.length; s++) {
            Span span = spans.get(s);
            int first = segments.history(s) - moved[s]; // the span's first position
            for (int t = 0; t < Math.min(span.tokens().length, lengths[s] + moved[s]); t++) {
                tokens[segments.row(s, first + t)] = span.tokens()[t];
            }
            for (int t = span.learned().nextSetBit(0);
                    t >= 0;
                    t = span.learned().nextSetBit(t + 1)) {
                int position = first + t - before; // of the token that predicts
                if (position >= 0) {
                    int row = segments.row(s, position);
                    boolean once = t < moved[s];
                    Integer at = once ? known.get(((long) row << 32) + span.tokens()[t]) : null;
                    if (at == null) {
                        rows[count] = row;
                        wanted[count] = span.tokens()[t];
                        at = count++;
                        if (once) {
                            known.put(((long) row << 32) + span.tokens()[t], at);
                        }
                    }
                    for (int n = 0; n < each; n++) {
                        targets[scores++] = each * at + n;
                    }
                }
            }
            offsets[s + 1] = scores;
        }
        return new PackedSpans(
                new LabelledBatch(tokens, segments, Arrays.copyOf(rows, count), Arrays.copyOf(wanted, count)),
                offsets,
                Arrays.copyOf(targets, scores),
                each * count);
    }

    /** How many tokens all that continue the same span begin with, where there are several and all of these are learned. */
    private static int[] shared(List<Span> spans, int[] parents) {
        int[] shared = new int[parents.length];
        for (int s = 1; s < parents.length; s++) {
            if (parents[s] < 0 || parents[s - 1] != parents[s] || s > 1 && parents[s - 2] == parents[s]) {
                continue;
            }
            if (s + 1 < parents.length && parents[s + 1] == parents[s]) {
                continue; // more than two
            }
            int[] one = spans.get(s - 1).tokens();
            int[] other = spans.get(s).tokens();
            int common = Arrays.mismatch(one, other);
            shared[s] = common < 0 ? one.length : common;
            shared[s - 1] = shared[s];
        }
        return shared;
    }

    /** Derivatives of the batch's numbers, part after part, from those of all scores. */
    static double[] ofTargets(List<PackedSpans> parts, double[] ofScores) {
        double[] all = new double[parts.stream().mapToInt(PackedSpans::numbers).sum()];
        int score = 0;
        int first = 0;
        for (PackedSpans part : parts) {
            for (int target : part.targets) {
                all[first + target] += ofScores[score++];
            }
            first += part.numbers;
        }
        return all;
    }
}
