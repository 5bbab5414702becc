// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import java.util.List;

/**
 * A prompt and two completions, of which somebody preferred one.
 *
 * @param prompt tokens
 * @param chosen the better completion's tokens
 * @param rejected the worse one's
 */
public record Preference(int[] prompt, int[] chosen, int[] rejected) {
    /** The place of a pair's chosen completion in the spans of {@link #spans}; the rejected one follows. */
    static int chosenOf(int pair) {
        return 3 * pair + 1;
    }

    /** Prompt, chosen and rejected completion of each pair. */
    static List<Span> spans(List<Preference> pairs, boolean learnPrompt) {
        Span[] spans = new Span[3 * pairs.size()];
        for (int i = 0; i < pairs.size(); i++) {
            Preference pair = pairs.get(i);
            spans[3 * i] = learnPrompt ? Span.learned(pair.prompt, -1) : Span.prompt(pair.prompt);
            spans[3 * i + 1] = Span.learned(pair.chosen, 3 * i);
            spans[3 * i + 2] = Span.learned(pair.rejected, 3 * i);
        }
        return List.of(spans);
    }

    /** Tokens of both sequences; the prompt counts twice. */
    long length() {
        return 2L * prompt.length + chosen.length + rejected.length;
    }
}
