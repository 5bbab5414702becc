// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.io.spill.ListView;
import dev.jacobian.io.spill.RecordCodec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;

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
    /** How they are kept. */
    static final RecordCodec<Judged> CODEC = RecordCodec.of(
            (judged, out) -> out.integers(judged.prompt)
                    .integers(judged.completion)
                    .truth(judged.desirable)
                    .truth(judged.paired)
                    .integers(judged.uncut)
                    .integer(judged.limit),
            in -> new Judged(in.integers(), in.integers(), in.truth(), in.truth(), in.integers(), in.integer()));

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
        BitSet liked = new BitSet(examples.size());
        for (int i = 0; i < examples.size(); i++) {
            Judged example = examples.get(i);
            if (!example.paired) {
                return examples;
            }
            liked.set(i, example.desirable);
        }
        IntStream.Builder order = IntStream.builder();
        for (int from = 0; from < examples.size(); from += 2 * TOGETHER) {
            int to = (int) Math.min(examples.size(), from + 2L * TOGETHER);
            IntStream.range(from, to).filter(liked::get).forEach(order::add);
            IntStream.range(from, to).filter(i -> !liked.get(i)).forEach(order::add);
        }
        return ListView.at(examples, order.build().toArray());
    }

    long length() {
        return (long) prompt.length + completion.length;
    }
}
