// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.io.spill.RecordCodec;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.stream.Stream;

/**
 * A prompt and two completions, of which somebody preferred one.
 *
 * @param prompt tokens
 * @param chosen the better completion's tokens
 * @param rejectedPrompt tokens before the worse one: the prompt, unless {@code truncation_mode=keep_end} has cut it differently
 * @param rejected the worse completion's tokens
 */
public record Preference(int[] prompt, int[] chosen, int[] rejectedPrompt, int[] rejected) {
    /** How they are kept. */
    static final RecordCodec<Preference> CODEC = RecordCodec.of(
            (pair, out) -> out.integers(pair.prompt)
                    .integers(pair.chosen)
                    .integers(pair.rejectedPrompt)
                    .integers(pair.rejected),
            in -> new Preference(in.integers(), in.integers(), in.integers(), in.integers()));

    /** Two completions of one prompt. */
    public Preference(int[] prompt, int[] chosen, int[] rejected) {
        this(prompt, chosen, prompt, rejected);
    }

    /** The place of a pair's chosen completion in the spans of {@link #spans}. */
    static int chosenOf(int pair) {
        return 3 * pair + 1;
    }

    /** The place of the rejected one. */
    static int rejectedOf(int pair) {
        return 3 * pair + 2;
    }

    /** Whether chosen and rejected are the same, so that nothing can be learned from which of them was preferred. */
    boolean isTie() {
        return Arrays.equals(chosen, rejected);
    }

    /** Whether nothing is left of a completion, or nothing was said. */
    boolean isEmpty() {
        return chosen.length == 0 || rejected.length == 0;
    }

    /** Prompts with chosen completions, then prompts with rejected ones. */
    static List<int[]> sequences(List<Preference> pairs) {
        return Stream.concat(
                        pairs.stream().map(pair -> Span.joined(pair.prompt, pair.chosen)),
                        pairs.stream().map(pair -> Span.joined(pair.rejectedPrompt, pair.rejected)))
                .toList();
    }

    /** Prompt, chosen and rejected completion of each pair; the prompt is computed once if it is the same. */
    static List<Span> spans(List<Preference> pairs, boolean learnPrompt) {
        Span[] spans = new Span[3 * pairs.size()];
        for (int i = 0; i < pairs.size(); i++) {
            Preference pair = pairs.get(i);
            spans[3 * i] = learnPrompt ? Span.learned(pair.prompt, -1) : Span.prompt(pair.prompt);
            spans[3 * i + 1] = Span.learned(pair.chosen, 3 * i);
            spans[3 * i + 2] = Arrays.equals(pair.prompt, pair.rejectedPrompt)
                    ? Span.learned(pair.rejected, 3 * i)
                    : pair.rejectedAlone();
        }
        return List.of(spans);
    }

    private Span rejectedAlone() {
        int[] tokens = Span.joined(rejectedPrompt, rejected);
        BitSet completion = new BitSet(tokens.length);
        completion.set(rejectedPrompt.length, tokens.length);
        return new Span(tokens, -1, completion);
    }

    /** Tokens of both sequences; the prompt counts twice. */
    long length() {
        return (long) prompt.length + chosen.length + rejectedPrompt.length + rejected.length;
    }
}
