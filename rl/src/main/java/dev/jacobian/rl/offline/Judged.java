// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A prompt and a completion that somebody liked, or did not.
 *
 * @param prompt tokens
 * @param completion tokens
 * @param desirable whether it was liked
 * @param paired whether it comes from a pair, the other half of which is beside it
 * @param uncut the completion before it was cut to fit behind its prompt
 * @param limit most tokens of a prompt with a completion
 */
public record Judged(int[] prompt, int[] completion, boolean desirable, boolean paired, int[] uncut, int limit) {
    private static final int TOGETHER = 1000; // pairs

    /** A completion that is as long as it was. */
    public Judged(int[] prompt, int[] completion, boolean desirable, boolean paired) {
        this(prompt, completion, desirable, paired, completion, Integer.MAX_VALUE);
    }

    /** This prompt with another's completion, as much of it as there is room for. */
    Judged with(Judged other) {
        int room = Math.clamp(limit - (long) prompt.length, 0, other.uncut.length);
        return new Judged(prompt, Arrays.copyOf(other.uncut, room), other.desirable, false);
    }

    /** Each prompt with the completion of the example before, the first one with the last one's. */
    static List<Judged> mismatched(List<Judged> examples) {
        List<Judged> mismatched = new ArrayList<>();
        for (int i = 0; i < examples.size(); i++) {
            mismatched.add(examples.get(i).with(examples.get((i + examples.size() - 1) % examples.size())));
        }
        return mismatched;
    }

    /** The place of an example's completion in {@link #spans}. */
    static int completionOf(int example) {
        return 2 * example + 1;
    }

    /** Prompt with completion of each. */
    static List<int[]> sequences(List<Judged> examples) {
        return examples.stream()
                .map(example -> Span.joined(example.prompt, example.completion))
                .toList();
    }

    /** Prompt and completion of each. */
    static List<Span> spans(List<Judged> examples) {
        List<Span> spans = new ArrayList<>();
        for (Judged example : examples) {
            spans.add(Span.prompt(example.prompt));
            spans.add(Span.learned(example.completion, spans.size() - 1));
        }
        return spans;
    }

    /** Pairs in TRL's order: the chosen ones of a thousand pairs, then the rejected ones. */
    static List<Judged> unpaired(List<Judged> examples) {
        if (!examples.stream().allMatch(Judged::paired)) {
            return examples;
        }
        List<Judged> ordered = new ArrayList<>();
        for (int from = 0; from < examples.size(); from += 2 * TOGETHER) {
            List<Judged> some = examples.subList(from, Math.min(examples.size(), from + 2 * TOGETHER));
            some.stream().filter(Judged::desirable).forEach(ordered::add);
            some.stream().filter(example -> !example.desirable).forEach(ordered::add);
        }
        return ordered;
    }

    long length() {
        return (long) prompt.length + completion.length;
    }
}
