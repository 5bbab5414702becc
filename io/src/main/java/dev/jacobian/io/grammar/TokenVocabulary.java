// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import dev.jacobian.io.tokenizer.TokenBytes;
import dev.jacobian.io.tokenizer.Tokenizer;
import java.util.Set;
import java.util.TreeSet;

/**
 * The tokens of a model as a {@link TokenGrammar} needs them: by their bytes, in order, and the ids that end a text. Made once for a model, shared
 * by all its grammars; it takes some tens of bytes per token.
 */
public final class TokenVocabulary {
    private final int size;
    private final int[] endIds;
    private final VocabularyTrie first;
    private final VocabularyTrie later;
    private final TokenBytes bytes;
    private final int[] dropped;

    private TokenVocabulary(int size, int[] endIds, TokenBytes bytes) {
        this.size = size;
        this.endIds = endIds;
        this.bytes = bytes;
        dropped = bytes.droppedAtStart().stream().filter(id -> !isEnd(id)).toArray();
        first = VocabularyTrie.of(size, id -> isEnd(id) ? new byte[0] : bytes.atStart(id));
        later = VocabularyTrie.of(size, id -> isEnd(id) ? new byte[0] : bytes.inside(id));
    }

    /**
     * The vocabulary of a tokenizer.
     *
     * @param size number of logits, at least the tokenizer's ids
     * @param endIds what may follow a whole text and ends it, at least one
     * @throws IllegalArgumentException if there is no end id
     * @throws dev.jacobian.io.FormatException if what a token means depends on more than whether it is the first
     */
    public static TokenVocabulary of(Tokenizer tokenizer, int size, Set<Integer> endIds) {
        if (endIds.isEmpty()) {
            throw new IllegalArgumentException("a text of a grammar must end, but the model has no end token; give"
                    + " eos_token_id in generation_config.json");
        }
        return new TokenVocabulary(
                size, new TreeSet<>(endIds).stream().mapToInt(i -> i).toArray(), TokenBytes.of(tokenizer));
    }

    /** Number of logits. */
    public int size() {
        return size;
    }

    int[] endIds() {
        return endIds;
    }

    boolean isEnd(int id) {
        for (int end : endIds) {
            if (end == id) {
                return true;
            }
        }
        return false;
    }

    /** Bytes of a token; none if it may not be inside of a text. */
    byte[] bytes(int id, boolean atStart) {
        return isEnd(id) ? new byte[0] : atStart ? bytes.atStart(id) : bytes.inside(id);
    }

    /** Tokens that may begin any text, since nothing is left of them there. */
    int[] droppedAtStart() {
        return dropped;
    }

    boolean isDroppedAtStart(int id) {
        return java.util.Arrays.binarySearch(dropped, id) >= 0;
    }

    VocabularyTrie trie(boolean atStart) {
        return atStart ? first : later;
    }
}
