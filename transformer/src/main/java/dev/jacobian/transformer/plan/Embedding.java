// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

/**
 * The rows that enter the first layer.
 *
 * @param vocabulary V: rows of the table of tokens, which may be more than the tokenizer has tokens
 * @param width D: elements of a row
 * @param scale factor on the rows of tokens (1 in most families); a tied head reads the table without it
 * @param learnedPositions rows of a table of positions that are added, as in GPT-2; 0 where there is none
 */
public record Embedding(int vocabulary, int width, float scale, int learnedPositions) {
    /** Rows as they are in the table of tokens. */
    public Embedding(int vocabulary, int width) {
        this(vocabulary, width, 1, 0);
    }

    /** The same with a factor. */
    public Embedding scaled(float other) {
        return new Embedding(vocabulary, width, other, learnedPositions);
    }

    /** The same with a row added for each of so many positions. */
    public Embedding withPositions(int count) {
        return new Embedding(vocabulary, width, scale, count);
    }
}
