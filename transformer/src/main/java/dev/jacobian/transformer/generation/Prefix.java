// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

/**
 * Tokens to go on from, and what the random numbers of their continuations are drawn from: (seed, key, sample, position).
 *
 * <p>A continuation that was paused goes on from its tokens so far, with its old key and number and with {@code continued}
 * at the tokens that it has: it then draws what it would have drawn without the pause.
 *
 * @param tokens at least one
 * @param key what identifies the prompt to the random generator
 * @param sample number of the first continuation among those of the prompt
 * @param continued how many of the tokens, the last ones, belong to the continuation already; they count towards the limit of
 *     new tokens
 */
public record Prefix(int[] tokens, long key, int sample, int continued) {
    public Prefix {
        if (continued < 0 || continued >= Math.max(1, tokens.length) || sample < 0) {
            throw new IllegalArgumentException("of " + tokens.length + " tokens " + continued
                    + " cannot continue a prompt, or sample " + sample + " is negative");
        }
    }

    /** A prompt that nothing continues yet. */
    public Prefix(int[] tokens, long key) {
        this(tokens, key, 0, 0);
    }
}
