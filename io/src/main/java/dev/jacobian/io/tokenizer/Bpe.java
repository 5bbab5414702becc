// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Byte-pair encoding (Sennrich et al. 2016, arXiv:1508.07909): a piece starts as its characters, and the neighbouring
 * pair whose merge has the lowest rank is merged, the leftmost first, until none is left.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>O(n log n): symbols form a linked list in arrays, and candidate merges wait in a heap. A SentencePiece-style
 *       tokenizer gives a whole document as one piece, where the obvious quadratic loop takes minutes.
 *   <li>Short pieces are remembered ({@link PieceCache}).
 * </ul>
 */
final class Bpe implements TokenModel {
    private static final int ABSENT = -1;

    private final Map<String, Integer> ids;
    private final MergeTable merges;
    private final Options options;
    private final int[] idOfChar = new int[1 << 16];
    private final int[] idOfByte = new int[256];
    private final boolean affixes; // whether a character is spelled otherwise at some places of a piece
    private final PieceCache cache = new PieceCache();

    /**
     * What the model does beside merging.
     *
     * @param unknown the id for characters that are not in the vocabulary; without one they vanish
     * @param fuseUnknown whether neighbouring unknown characters become one token
     * @param byteFallback whether an unknown character becomes the tokens {@code <0xNN>} of its UTF-8 bytes
     * @param ignoreMerges whether a piece that is a token as a whole is taken without merging
     * @param prefix what characters are spelled with in the vocabulary that do not begin a piece; usually empty
     * @param suffix what the character that ends a piece is spelled with; usually empty
     */
    record Options(
            OptionalInt unknown,
            boolean fuseUnknown,
            boolean byteFallback,
            boolean ignoreMerges,
            String prefix,
            String suffix) {}

    Bpe(Map<String, Integer> ids, MergeTable merges, Options options) {
        this.ids = ids;
        this.merges = merges;
        this.options = options;
        for (int c = 0; c < idOfChar.length; c++) {
            idOfChar[c] = Character.isSurrogate((char) c) ? ABSENT : idOf(String.valueOf((char) c));
        }
        affixes = !options.prefix.isEmpty() || !options.suffix.isEmpty();
        for (int b = 0; b < 256; b++) {
            idOfByte[b] = idOf(ByteAlphabet.fallbackToken(b));
        }
    }

    private int idOf(String token) {
        Integer id = ids.get(token);
        return id == null ? ABSENT : id;
    }

    @Override
    public void encode(String piece, IntList out, Work work) {
        if (options.ignoreMerges) {
            int whole = idOf(piece);
            if (whole != ABSENT) {
                out.add(whole);
                return;
            }
        }
        int[] known = cache.find(piece);
        if (known == null) {
            known = merge(piece);
            cache.keep(piece, known);
        }
        out.addAll(known);
    }

    private int[] merge(String piece) {
        IntList symbols = new IntList();
        addSymbols(piece, symbols);
        return symbols.size() < 2 ? symbols.toArray() : new Merging(symbols.toArray()).run();
    }

    private void addSymbols(String piece, IntList out) {
        boolean pendingUnknown = false;
        for (int i = 0, next; i < piece.length(); i = next) {
            int c = piece.codePointAt(i);
            next = i + Character.charCount(c);
            int id = c < idOfChar.length && !affixes ? idOfChar[c] : idOf(spelled(piece, i, next));
            if (id != ABSENT) {
                if (pendingUnknown) {
                    out.add(options.unknown.getAsInt());
                    pendingUnknown = false;
                }
                out.add(id);
            } else if (options.byteFallback && addBytes(spelled(piece, i, next), out)) {
                // A waiting unknown token stays behind these bytes: so the Rust library orders them.
            } else if (options.unknown.isPresent()) {
                if (pendingUnknown && !options.fuseUnknown) {
                    out.add(options.unknown.getAsInt());
                }
                pendingUnknown = true;
            }
        }
        if (pendingUnknown) {
            out.add(options.unknown.getAsInt());
        }
    }

    /** How the vocabulary spells the character of a piece that begins at {@code from}. */
    private String spelled(String piece, int from, int to) {
        String character = piece.substring(from, to);
        return !affixes
                ? character
                : (from > 0 ? options.prefix : "") + character + (to == piece.length() ? options.suffix : "");
    }

    private boolean addBytes(String character, IntList out) {
        byte[] bytes = character.getBytes(StandardCharsets.UTF_8);
        for (byte b : bytes) {
            if (idOfByte[b & 0xFF] == ABSENT) {
                return false;
            }
        }
        for (byte b : bytes) {
            out.add(idOfByte[b & 0xFF]);
        }
        return true;
    }

    /** One piece being merged. Symbol i is at {@code id[i]}; -1 marks one that was merged into its left neighbour. */
    private final class Merging {
        private final int[] id;
        private final int[] previous;
        private final int[] next;

        // A heap of candidates, smallest (rank << 32 | position of the left symbol) first. Candidates are not removed
        // when a neighbour changes; they are checked when they come out.
        private long[] heap;
        private int heapSize;

        Merging(int[] symbols) {
            id = symbols;
            previous = new int[symbols.length];
            next = new int[symbols.length];
            heap = new long[symbols.length];
            for (int i = 0; i < symbols.length; i++) {
                previous[i] = i - 1;
                next[i] = i + 1;
            }
        }

        int[] run() {
            for (int i = 0; i + 1 < id.length; i++) {
                offer(i);
            }
            int left = id.length;
            while (heapSize > 0) {
                long candidate = poll();
                int position = (int) candidate;
                int right = next[position];
                if (id[position] < 0 || right == id.length) {
                    continue;
                }
                int place = merges.find(id[position], id[right]);
                if (place < 0 || merges.rank(place) != candidate >>> 32) {
                    continue; // the pair that was here has changed
                }
                id[position] = merges.merged(place);
                id[right] = -1;
                left--;
                next[position] = next[right];
                if (next[position] < id.length) {
                    previous[next[position]] = position;
                    offer(position);
                }
                if (previous[position] >= 0) {
                    offer(previous[position]);
                }
            }
            int[] out = new int[left];
            for (int i = 0, n = 0; i < id.length; i = next[i]) {
                out[n++] = id[i];
            }
            return out;
        }

        private void offer(int position) {
            int place = merges.find(id[position], id[next[position]]);
            if (place < 0) {
                return;
            }
            long candidate = (long) merges.rank(place) << 32 | position;
            if (heapSize == heap.length) {
                heap = java.util.Arrays.copyOf(heap, heapSize * 2);
            }
            int i = heapSize++;
            while (i > 0 && heap[i - 1 >> 1] > candidate) {
                heap[i] = heap[i - 1 >> 1];
                i = i - 1 >> 1;
            }
            heap[i] = candidate;
        }

        private long poll() {
            long top = heap[0];
            long last = heap[--heapSize];
            int i = 0;
            while (2 * i + 1 < heapSize) {
                int child = 2 * i + 1;
                if (child + 1 < heapSize && heap[child + 1] < heap[child]) {
                    child++;
                }
                if (heap[child] >= last) {
                    break;
                }
                heap[i] = heap[child];
                i = child;
            }
            heap[i] = last;
            return top;
        }
    }
}
