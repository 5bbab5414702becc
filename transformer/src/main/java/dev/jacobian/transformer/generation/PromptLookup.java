// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.transformer.generation.processor.TokenHistory;

/**
 * Guesses that what follows the last tokens is what followed them before: in the prompt, or in the continuation. Good where an answer
 * quotes, as summaries and changes of a program do (Saxena 2023, prompt lookup decoding).
 *
 * <p>Decision: the longest end that occurred before counts, and of its places the last one, which is the closest in subject.
 */
final class PromptLookup implements Drafter {
    private final int longest;

    /** @param longest tokens of the end that is looked for, at most */
    PromptLookup(int longest) {
        this.longest = longest;
    }

    @Override
    public int[] draft(Sequence sequence, int most) {
        TokenHistory history = sequence.continuation().history();
        for (int size = Math.min(longest, history.length() - 1); size > 0; size--) {
            for (int begin = history.length() - size - 1; begin >= 0; begin--) {
                if (recurs(history, begin, size)) {
                    int[] found = new int[Math.min(most, history.length() - begin - size)];
                    for (int i = 0; i < found.length; i++) {
                        found[i] = history.get(begin + size + i);
                    }
                    return found;
                }
            }
        }
        return new int[0];
    }

    /** Whether the last tokens are those that begin somewhere. */
    private static boolean recurs(TokenHistory history, int begin, int size) {
        for (int i = 0; i < size; i++) {
            if (history.get(begin + i) != history.get(history.length() - size + i)) {
                return false;
            }
        }
        return true;
    }
}
