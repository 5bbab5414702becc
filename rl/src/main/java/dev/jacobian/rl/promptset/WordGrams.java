// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.promptset;

import java.util.List;

/** Runs of words as numbers of 64 bits. Two runs with the same number are taken for the same: of a billion, hardly a pair differs. */
final class WordGrams {
    private static final long FNV_OFFSET = 0xcbf29ce484222325L;
    private static final long FNV_PRIME = 0x100000001b3L;

    private WordGrams() {}

    /**
     * The runs of {@code n} words of a text; of a shorter one the whole, if it has words.
     *
     * @return in order, repeated ones too
     */
    static long[] of(List<String> words, int n) {
        if (words.isEmpty()) {
            return new long[0];
        }
        int length = Math.min(n, words.size());
        long[] grams = new long[words.size() - length + 1];
        for (int i = 0; i < grams.length; i++) {
            long hash = FNV_OFFSET;
            for (String word : words.subList(i, i + length)) {
                for (int c = 0; c < word.length(); c++) {
                    hash = (hash ^ word.charAt(c)) * FNV_PRIME;
                }
                hash = (hash ^ ' ') * FNV_PRIME;
            }
            grams[i] = mixed(hash);
        }
        return grams;
    }

    /** Spreads a number over all its bits (the finaliser of SplitMix64). */
    static long mixed(long value) {
        long mixed = (value ^ value >>> 30) * 0xbf58476d1ce4e5b9L;
        mixed = (mixed ^ mixed >>> 27) * 0x94d049bb133111ebL;
        return mixed ^ mixed >>> 31;
    }
}
