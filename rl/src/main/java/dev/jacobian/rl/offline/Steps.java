// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.io.spill.RecordCodec;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * A chain of steps, some of which somebody judged: what a process reward model learns from.
 *
 * @param tokens of the prompt and all steps, each with its separator
 * @param judged places of tokens whose step has a label: the last of its separator
 * @param labels of these, in order; 1 for a step that is right
 */
public record Steps(int[] tokens, int[] judged, int[] labels) {
    /** How they are kept. */
    static final RecordCodec<Steps> CODEC = RecordCodec.of(
            (steps, out) -> out.integers(steps.tokens).integers(steps.judged).integers(steps.labels),
            in -> new Steps(in.integers(), in.integers(), in.integers()));

    Span span() {
        BitSet scored = new BitSet();
        Arrays.stream(judged).forEach(scored::set);
        return new Span(tokens, -1, scored);
    }

    /** Labels of all, one after the other. */
    static int[] labels(List<Steps> examples) {
        return examples.stream()
                .flatMapToInt(example -> Arrays.stream(example.labels))
                .toArray();
    }

    /** All of them, or none where none has a label: of a row that max_length leaves without one nothing is learned. */
    static List<Steps> judged(List<Steps> examples) {
        boolean none = examples.stream().allMatch(example -> example.labels.length == 0);
        return none ? List.of() : examples;
    }

    /** The first so many tokens. */
    Steps cut(int length) {
        int left = (int) Arrays.stream(judged).filter(at -> at < length).count();
        return new Steps(
                Arrays.copyOf(tokens, Math.min(length, tokens.length)),
                Arrays.copyOf(judged, left),
                Arrays.copyOf(labels, left));
    }
}
