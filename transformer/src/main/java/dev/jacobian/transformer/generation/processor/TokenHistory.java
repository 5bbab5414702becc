// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation.processor;

import java.util.Arrays;

/** A prompt and its continuation so far: a growing list of token ids without boxing. */
public final class TokenHistory {
    private final int promptLength;
    private int[] tokens;
    private int length;

    /**
     * A sequence that nothing continues yet.
     *
     * @param prompt token ids; copied
     */
    public TokenHistory(int[] prompt) {
        this(prompt, prompt.length);
    }

    /**
     * A sequence of which the first {@code promptLength} tokens are the prompt and the others its continuation so far.
     *
     * @param tokens token ids; copied
     */
    public TokenHistory(int[] tokens, int promptLength) {
        if (promptLength < 0 || promptLength > tokens.length) {
            throw new IllegalArgumentException(
                    "the prompt is " + promptLength + " of " + tokens.length + " tokens; it must be some of them");
        }
        this.promptLength = promptLength;
        this.length = tokens.length;
        this.tokens = Arrays.copyOf(tokens, tokens.length + 16);
    }

    /** Tokens of the prompt. */
    public int promptLength() {
        return promptLength;
    }

    /** Tokens of the prompt and of the continuation. */
    public int length() {
        return length;
    }

    /** Tokens of the continuation. */
    public int newTokens() {
        return length - promptLength;
    }

    /** The i-th token, those of the prompt first. */
    public int get(int i) {
        if (i >= length) {
            throw new IndexOutOfBoundsException("there is no token " + i + " of " + length);
        }
        return tokens[i];
    }

    /** The token that was chosen. */
    public void add(int token) {
        if (length == tokens.length) {
            tokens = Arrays.copyOf(tokens, 2 * length);
        }
        tokens[length++] = token;
    }

    /** A second sequence that goes on from the same tokens. */
    public TokenHistory fork() {
        return new TokenHistory(Arrays.copyOf(tokens, length), promptLength);
    }

    /** Whether the tokens end with these. */
    public boolean endsWith(int[] suffix) {
        return suffix.length <= length
                && Arrays.equals(tokens, length - suffix.length, length, suffix, 0, suffix.length);
    }

    /** Prompt and continuation. */
    public int[] toArray() {
        return Arrays.copyOf(tokens, length);
    }

    /** The continuation. */
    public int[] continuation() {
        return Arrays.copyOfRange(tokens, promptLength, length);
    }
}
