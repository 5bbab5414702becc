// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import java.util.Arrays;
import java.util.BitSet;

/**
 * A run of tokens that stands for itself or continues another one: a prompt is one span, and what was chosen and what was rejected behind
 * it are two that continue it, so that the prompt is computed once, forward and backward.
 *
 * @param tokens ids
 * @param parent place of the span that it continues in its list, or -1
 * @param learned tokens whose log-probabilities the loss wants; the first token of all predicts nothing and is never among them
 */
public record Span(int[] tokens, int parent, BitSet learned) {
    /** A span that begins a sequence and of which nothing is learned: a prompt. */
    public static Span prompt(int[] tokens) {
        return new Span(tokens, -1, new BitSet());
    }

    /** Tokens and those behind them. */
    static int[] joined(int[] first, int[] second) {
        int[] all = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, all, first.length, second.length);
        return all;
    }

    /** A span of which every token is learned. */
    public static Span learned(int[] tokens, int parent) {
        BitSet all = new BitSet(tokens.length);
        all.set(0, tokens.length);
        return new Span(tokens, parent, all);
    }
}
