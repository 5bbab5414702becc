// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import dev.jacobian.tensor.Nullable;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The ids of short pieces, which are remembered because natural text repeats its words. It is emptied when it is full, which
 * bounds memory and needs no bookkeeping on a hit. For any number of threads.
 */
final class PieceCache {
    private static final int ENTRIES = 1 << 16;
    private static final int PIECE_CHARS = 64;

    private final ConcurrentHashMap<String, int[]> known = new ConcurrentHashMap<>();

    /** The ids of a piece, which are not to be written to, or null if they are not remembered. */
    int @Nullable [] find(String piece) {
        return piece.length() > PIECE_CHARS ? null : known.get(piece);
    }

    /** Remembers the ids of a piece, unless it is long. */
    void keep(String piece, int[] ids) {
        if (piece.length() > PIECE_CHARS) {
            return;
        }
        if (known.size() >= ENTRIES) {
            known.clear();
        }
        known.put(piece, ids);
    }
}
