// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.gguf;

import dev.jacobian.io.FormatException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * SentencePiece's byte-pair encoding as merges: there a token has a score, and of all neighbours that make a token together the best
 * are merged first. That is a list of all pairs that make tokens, the better the earlier.
 */
final class Merges {
    /** Work for all tokens together: the square of their lengths. Real vocabularies take some millions. */
    private static final long MAX_WORK = 1L << 28;

    private Merges() {}

    /**
     * A pair that makes a token.
     *
     * @param score of what it makes
     */
    record Pair(String left, String right, double score) {}

    /**
     * All pairs in the order in which they are merged; among those of one token the longer left part first, as transformers converts
     * such vocabularies.
     *
     * @param ids of tokens that text can be made of
     * @param scores by id
     * @param where for messages
     */
    static List<Pair> of(Map<String, Integer> ids, double[] scores, String where) {
        List<Pair> pairs = new ArrayList<>();
        long work = 0;
        for (Map.Entry<String, Integer> entry : ids.entrySet()) {
            String token = entry.getKey();
            work += (long) token.length() * token.length();
            if (work > MAX_WORK) {
                throw new FormatException(
                        where + ", tokenizer.ggml.tokens",
                        "the tokens are too long, such as one of " + token.length() + " characters",
                        "No real vocabulary has such; fetch the file again");
            }
            double score = scores[entry.getValue()];
            for (int cut = token.offsetByCodePoints(0, token.isEmpty() ? 0 : 1);
                    cut < token.length();
                    cut = token.offsetByCodePoints(cut, 1)) {
                String left = token.substring(0, cut);
                String right = token.substring(cut);
                if (ids.containsKey(left) && ids.containsKey(right)) {
                    pairs.add(new Pair(left, right, score));
                }
            }
        }
        pairs.sort(Comparator.comparingDouble(Pair::score)
                .thenComparingInt(pair -> codePoints(pair.left()))
                .thenComparingInt(pair -> codePoints(pair.right()))
                .reversed());
        return pairs;
    }

    private static int codePoints(String text) {
        return text.codePointCount(0, text.length());
    }
}
