// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import dev.jacobian.io.FormatException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * The unigram language model (Kudo 2018, arXiv:1804.10959): of all ways to spell a piece with tokens, the one whose scores,
 * log-probabilities, have the largest sum.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>Viterbi, from left to right, with the sums in double and in the order that Hugging Face's library has: of equal sums
 *       the one found first stays, which begins further left.
 *   <li>A character that no token spells costs 10 more than the worst token. Neighbouring ones are one unknown token, or
 *       with byte fallback the tokens {@code <0xNN>} of their UTF-8 bytes.
 *   <li>Time is the length of the piece times that of the tokens that begin at a place, memory 16 bytes for each character.
 * </ul>
 */
final class Unigram implements TokenModel {
    private static final double UNKNOWN_PENALTY = 10;
    private static final int UNREACHED = -1;

    private final Map<String, Integer> ids;
    private final double[] scores; // by id
    private final OptionalInt unknown;
    private final boolean byteFallback;
    private final String where;

    private final TokenTrie trie = new TokenTrie();
    private final int[] idOfByte = new int[256];
    private final double unknownScore;
    private final PieceCache cache = new PieceCache();

    /**
     * @param tokens by id
     * @param ids the same the other way round
     * @param scores by id
     * @param unknown the id of what no token spells; without one, such text is refused
     * @param byteFallback whether that becomes bytes, if all of their tokens are there
     * @param where the model, for messages
     */
    Unigram(
            List<String> tokens,
            Map<String, Integer> ids,
            double[] scores,
            OptionalInt unknown,
            boolean byteFallback,
            String where) {
        this.ids = ids;
        this.scores = scores;
        this.unknown = unknown;
        this.byteFallback = byteFallback;
        this.where = where;
        for (int id = 0; id < scores.length; id++) {
            if (!tokens.get(id).isEmpty()) {
                trie.put(tokens.get(id), 0, id);
            }
        }
        for (int b = 0; b < 256; b++) {
            idOfByte[b] = ids.getOrDefault(ByteAlphabet.fallbackToken(b), TokenTrie.NONE);
        }
        unknownScore = Arrays.stream(scores).min().orElse(0) - UNKNOWN_PENALTY;
    }

    @Override
    public void encode(String piece, IntList out, Work work) {
        int[] known = cache.find(piece);
        if (known == null) {
            known = best(piece, work);
            cache.keep(piece, known);
        }
        out.addAll(known);
    }

    /** The ids of the best spelling. */
    private int[] best(String piece, Work work) {
        int n = piece.length();
        double[] sums = new double[n + 1]; // of the best spelling of the characters before a place
        int[] starts = new int[n + 1]; // where its last token begins
        int[] last = new int[n + 1]; // that token
        Arrays.fill(starts, UNREACHED);
        for (int i = 0, next; i < n; i = next) {
            next = i + Character.charCount(piece.codePointAt(i));
            boolean spelled = false; // whether a token is this one character
            int node = TokenTrie.ROOT;
            int at = i;
            while (at < n && (node = trie.child(node, piece.charAt(at))) != TokenTrie.NONE) {
                at++;
                int id = trie.id(node);
                if (id != TokenTrie.NONE) {
                    offer(sums, starts, last, i, at, id, scores[id]);
                    spelled |= at == next;
                }
            }
            work.spend(at - i);
            if (!spelled) {
                offer(sums, starts, last, i, next, unknown(piece, i, next), unknownScore);
            }
        }
        return spelling(piece, starts, last);
    }

    private static void offer(double[] sums, int[] starts, int[] last, int from, int to, int id, double score) {
        double sum = score + sums[from];
        if (starts[to] == UNREACHED || sum > sums[to]) {
            sums[to] = sum;
            starts[to] = from;
            last[to] = id;
        }
    }

    private int unknown(String piece, int from, int to) {
        return unknown.orElseThrow(() -> new FormatException(
                where,
                "no token spells '" + piece.substring(from, to) + "', and the model has no unk_id",
                "Set unk_id to the id of the unknown token"));
    }

    /** Follows the best spelling from its end; it comes out from the right to the left. */
    private int[] spelling(String piece, int[] starts, int[] last) {
        IntList reversed = new IntList();
        for (int end = piece.length(); end > 0; ) {
            int start = starts[end];
            if (unknown.isPresent() && last[end] == unknown.getAsInt()) {
                while (start > 0 && last[start] == unknown.getAsInt()) {
                    start = starts[start];
                }
                addUnknown(piece.substring(start, end), reversed);
            } else {
                reversed.add(last[end]);
            }
            end = start;
        }
        return reversed.reversed();
    }

    private void addUnknown(String text, IntList reversed) {
        Integer whole = ids.get(text); // the characters of the unknown token itself, for one
        if (whole != null) {
            reversed.add(whole);
        } else if (!byteFallback || !addBytes(text, reversed)) {
            reversed.add(unknown.getAsInt());
        }
    }

    private boolean addBytes(String text, IntList reversed) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int[] tokens = new int[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            int id = idOfByte[bytes[i] & 0xFF];
            if (id == TokenTrie.NONE) {
                return false;
            }
            tokens[bytes.length - 1 - i] = id;
        }
        reversed.addAll(tokens);
        return true;
    }
}
