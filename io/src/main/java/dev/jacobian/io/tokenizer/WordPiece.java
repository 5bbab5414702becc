// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import dev.jacobian.io.FormatException;
import java.util.Map;
import java.util.OptionalInt;

/**
 * WordPiece, as BERT has it (Devlin et al. 2019, arXiv:1810.04805): the longest token that begins the word, then the longest
 * that goes on from there, and so on. Tokens inside a word are spelled with a prefix, {@code ##}. A word that cannot be spelled
 * to its end, or has too many characters, is one unknown token.
 */
final class WordPiece implements TokenModel {
    private final TokenTrie beginnings = new TokenTrie();
    private final TokenTrie continuations = new TokenTrie();
    private final OptionalInt unknown;
    private final int maxCharacters;
    private final String where;
    private final PieceCache cache = new PieceCache();

    /**
     * @param ids the vocabulary
     * @param prefix what tokens inside a word begin with
     * @param unknown the id of words that cannot be spelled; without one, such text is refused
     * @param maxCharacters most characters (code points) of a word
     * @param where the model, for messages
     */
    WordPiece(Map<String, Integer> ids, String prefix, OptionalInt unknown, int maxCharacters, String where) {
        this.unknown = unknown;
        this.maxCharacters = maxCharacters;
        this.where = where;
        ids.forEach((token, id) -> {
            if (!token.isEmpty()) {
                beginnings.put(token, 0, id);
            }
            if (token.startsWith(prefix) && token.length() > prefix.length()) {
                continuations.put(token, prefix.length(), id);
            }
        });
    }

    @Override
    public void encode(String piece, IntList out, Work work) {
        int[] known = cache.find(piece);
        if (known == null) {
            known = spell(piece, work);
            cache.keep(piece, known);
        }
        out.addAll(known);
    }

    private int[] spell(String word, Work work) {
        if (word.codePointCount(0, word.length()) > maxCharacters) {
            return unknown(word);
        }
        IntList out = new IntList();
        for (int start = 0; start < word.length(); ) {
            TokenTrie trie = start == 0 ? beginnings : continuations;
            int id = TokenTrie.NONE;
            int end = start;
            int node = TokenTrie.ROOT;
            int at = start;
            while (at < word.length() && (node = trie.child(node, word.charAt(at))) != TokenTrie.NONE) {
                at++;
                if (trie.id(node) != TokenTrie.NONE) {
                    id = trie.id(node);
                    end = at;
                }
            }
            work.spend(at - start);
            if (id == TokenTrie.NONE) {
                return unknown(word);
            }
            out.add(id);
            start = end;
        }
        return out.toArray();
    }

    private int[] unknown(String word) {
        return new int[] {
            unknown.orElseThrow(() -> new FormatException(
                    where,
                    "the vocabulary cannot spell '" + word + "', and has no unk_token",
                    "Add the unk_token to the vocabulary"))
        };
    }
}
