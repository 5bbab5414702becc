// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

/** Makes ids of a piece of text: the {@code model} of tokenizer.json. Immutable, but for caches; for any number of threads. */
sealed interface TokenModel permits Bpe, Unigram, WordPiece, WordLevel {
    /**
     * Appends the ids of a piece.
     *
     * @param piece not empty
     * @param work what it may cost
     */
    void encode(String piece, IntList out, Work work);
}
