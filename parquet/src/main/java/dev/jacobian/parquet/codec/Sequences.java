// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet.codec;

import dev.jacobian.parquet.format.Corrupt;
import dev.jacobian.tensor.Nullable;

/** Zstandard's sequences (RFC 8878, section 3.1.1.3.2): so many literals, then so many bytes from so far back. */
final class Sequences {
    private static final int[] LITERAL_COUNTS = {
        4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1
    };
    private static final int[] MATCH_COUNTS = {
        1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1
    };
    private static final int[] OFFSET_COUNTS = {
        1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1
    };
    private static final int SHORTEST_MATCH = 3;
    private static final int LARGEST_OFFSET_CODE = 31;

    /** What a code adds: a base, and so many bits. Those of literals follow from code 16 on, those of matches from code 32 on. */
    private static final int[] LITERAL_BITS = {1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

    private static final int[] MATCH_BITS = {1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    private static final int LITERAL_PLAIN = 16;
    private static final int MATCH_PLAIN = 32;
    private static final int[] LITERAL_BASES = bases(LITERAL_PLAIN, LITERAL_BITS);
    private static final int[] MATCH_BASES = bases(MATCH_PLAIN, MATCH_BITS);

    private @Nullable FiniteStates literalTable;
    private @Nullable FiniteStates offsetTable;
    private @Nullable FiniteStates matchTable;
    private final int[] recent = {1, 4, 8};

    /** Each base lies behind all that the codes before can say. */
    private static int[] bases(int first, int[] bits) {
        int[] bases = new int[bits.length];
        int base = first;
        for (int i = 0; i < bits.length; i++) {
            bases[i] = base;
            base += 1 << bits[i];
        }
        return bases;
    }

    /**
     * Executes a block's sequences.
     *
     * @param in holds them from {@code from} on
     * @param literals of the block
     * @param literalCount how many there are
     */
    void execute(byte[] in, int from, int to, byte[] literals, int literalCount, Output out) {
        require(from < to);
        int at = from;
        int count = in[at++] & 255;
        if (count >= 128) {
            require(at < to);
            if (count < 255) {
                count = (count - 128 << 8) + (in[at++] & 255);
            } else {
                require(at + 1 < to);
                count = (in[at] & 255) + ((in[at + 1] & 255) << 8) + 0x7F00;
                at += 2;
            }
        }
        if (count == 0) {
            require(at == to);
            out.put(literals, 0, literalCount);
            return;
        }
        require(at < to);
        int modes = in[at++] & 255;
        require((modes & 3) == 0);
        FiniteStates.Read literalRead = table(modes >>> 6, in, at, to, literalTable, LITERAL_COUNTS, 6, 9);
        FiniteStates.Read offsetRead =
                table(modes >>> 4 & 3, in, literalRead.end(), to, offsetTable, OFFSET_COUNTS, 5, 8);
        FiniteStates.Read matchRead = table(modes >>> 2 & 3, in, offsetRead.end(), to, matchTable, MATCH_COUNTS, 6, 9);
        literalTable = literalRead.table();
        offsetTable = offsetRead.table();
        matchTable = matchRead.table();
        int used = run(
                new BackwardBits(in, matchRead.end(), to),
                count,
                new FiniteStates[] {literalRead.table(), offsetRead.table(), matchRead.table()},
                literals,
                literalCount,
                out);
        out.put(literals, used, literalCount - used);
    }

    /** @return literals that were used */
    private int run(
            BackwardBits bits, int count, FiniteStates[] tables, byte[] literals, int literalCount, Output out) {
        int literalState = (int) bits.read(tables[0].log());
        int offsetState = (int) bits.read(tables[1].log());
        int matchState = (int) bits.read(tables[2].log());
        int used = 0;
        for (int i = 0; i < count; i++) {
            int code = tables[1].symbols()[offsetState];
            require(code <= LARGEST_OFFSET_CODE);
            long offset = (1L << code) + bits.read(code);
            int match = length(tables[2].symbols()[matchState], MATCH_PLAIN, MATCH_BASES, MATCH_BITS, bits);
            int length = length(tables[0].symbols()[literalState], LITERAL_PLAIN, LITERAL_BASES, LITERAL_BITS, bits);
            if (i + 1 < count) {
                literalState = tables[0].next(literalState, bits);
                matchState = tables[2].next(matchState, bits);
                offsetState = tables[1].next(offsetState, bits);
            }
            require(bits.left() >= 0 && length <= literalCount - used);
            out.put(literals, used, length);
            used += length;
            out.repeat(distance(offset, length == 0), match + SHORTEST_MATCH);
        }
        require(bits.left() == 0);
        return used;
    }

    private static int length(int code, int plain, int[] bases, int[] bits, BackwardBits in) {
        if (code < plain) {
            return code;
        }
        return bases[code - plain] + (int) in.read(bits[code - plain]);
    }

    /** How far back, where the three lowest values stand for distances that were used before. */
    private int distance(long value, boolean noLiterals) {
        if (value > 3) {
            require(value - 3 <= Integer.MAX_VALUE);
            recent[2] = recent[1];
            recent[1] = recent[0];
            recent[0] = (int) (value - 3);
            return recent[0];
        }
        int which = (int) value - 1 + (noLiterals ? 1 : 0);
        int distance = which == 3 ? recent[0] - 1 : recent[which];
        if (which > 1) {
            recent[2] = recent[1];
        }
        if (which > 0) {
            recent[1] = recent[0];
        }
        recent[0] = distance;
        return distance; // 0, which is corrupt, is refused where it is used
    }

    private static FiniteStates.Read table(
            int mode, byte[] in, int at, int to, @Nullable FiniteStates last, int[] counts, int log, int largestLog) {
        return switch (mode) {
            case 0 -> new FiniteStates.Read(FiniteStates.of(log, counts), at);
            case 1 -> {
                require(at < to && (in[at] & 255) < Math.max(counts.length, LARGEST_OFFSET_CODE + 1));
                yield new FiniteStates.Read(FiniteStates.of(in[at]), at + 1);
            }
            case 2 -> FiniteStates.read(in, at, to, largestLog, Math.max(counts.length, LARGEST_OFFSET_CODE + 1));
            default -> {
                if (last == null) {
                    throw new Corrupt("a Zstandard page repeats a table before there is one");
                }
                yield new FiniteStates.Read(last, at);
            }
        };
    }

    private static void require(boolean holds) {
        if (!holds) {
            throw new Corrupt("a Zstandard page has a broken sequence");
        }
    }
}
