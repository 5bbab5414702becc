// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

/**
 * The table of token embeddings.
 *
 * @param vocabulary V: its rows, which may be more than the tokenizer has tokens
 * @param width D: elements of a row
 * @param scale factor on the rows that enter the first layer (1 in most families); a tied head reads the table without it
 */
public record Embedding(int vocabulary, int width, float scale) {
    /** Rows as they are in the table. */
    public Embedding(int vocabulary, int width) {
        this(vocabulary, width, 1);
    }
}
