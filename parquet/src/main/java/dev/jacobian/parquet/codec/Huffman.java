// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet.codec;

import dev.jacobian.parquet.format.Corrupt;
import java.util.Arrays;

/**
 * Zstandard's Huffman code of literals (RFC 8878, section 4.2): a table from the next bits to a symbol and the length of its code.
 *
 * @param longest code, in bits
 * @param symbols by bits
 * @param lengths by bits
 */
record Huffman(int longest, byte[] symbols, byte[] lengths) {
    private static final int MOST_BITS = 11;
    private static final int MOST_WEIGHTS = 255;
    private static final int WEIGHT_LOG = 6;
    private static final int WEIGHTS = 13;

    /** A code with the place behind what described it. */
    record Read(Huffman code, int end) {}

    static Read read(byte[] in, int from, int to) {
        if (from >= to) {
            throw new Corrupt("a Zstandard page ends before a Huffman table");
        }
        int head = in[from] & 255;
        int[] weights = new int[MOST_WEIGHTS + 1];
        int count;
        int end;
        if (head >= 128) { // weights of four bits each
            count = head - 127;
            end = from + 1 + (count + 1) / 2;
            require(end <= to);
            for (int i = 0; i < count; i++) {
                int pair = in[from + 1 + i / 2] & 255;
                weights[i] = i % 2 == 0 ? pair >>> 4 : pair & 15;
            }
        } else {
            end = from + 1 + head;
            require(end <= to);
            count = coded(in, from + 1, end, weights);
        }
        return new Read(of(weights, count), end);
    }

    /** Weights that are coded themselves, by two states that take turns until the bits are used up. */
    private static int coded(byte[] in, int from, int to, int[] weights) {
        FiniteStates.Read read = FiniteStates.read(in, from, to, WEIGHT_LOG, WEIGHTS);
        FiniteStates table = read.table();
        BackwardBits bits = new BackwardBits(in, read.end(), to);
        int[] states = {(int) bits.read(table.log()), (int) bits.read(table.log())};
        require(bits.left() >= 0);
        int count = 0;
        for (int turn = 0; ; turn ^= 1) {
            require(count < MOST_WEIGHTS);
            int state = states[turn];
            weights[count++] = table.symbols()[state];
            if (bits.left() < table.bits()[state]) { // the other state's symbol is the last one
                require(count < MOST_WEIGHTS);
                weights[count++] = table.symbols()[states[turn ^ 1]];
                return count;
            }
            states[turn] = table.next(state, bits);
        }
    }

    /** The code of some weights; that of the last symbol is what is missing of a power of two. */
    private static Huffman of(int[] weights, int count) {
        long sum = 0;
        for (int i = 0; i < count; i++) {
            require(weights[i] <= MOST_BITS);
            sum += weights[i] == 0 ? 0 : 1L << weights[i] - 1;
        }
        require(sum > 0);
        int longest = Long.SIZE - Long.numberOfLeadingZeros(sum);
        long missing = (1L << longest) - sum;
        require(longest <= MOST_BITS && Long.bitCount(missing) == 1);
        weights[count] = Long.numberOfTrailingZeros(missing) + 1;
        byte[] symbols = new byte[1 << longest];
        byte[] lengths = new byte[1 << longest];
        int place = 0;
        for (int weight = 1; weight <= longest; weight++) {
            for (int s = 0; s <= count; s++) {
                if (weights[s] == weight) {
                    int places = 1 << weight - 1;
                    Arrays.fill(symbols, place, place + places, (byte) s);
                    Arrays.fill(lengths, place, place + places, (byte) (longest + 1 - weight));
                    place += places;
                }
            }
        }
        require(place == symbols.length);
        return new Huffman(longest, symbols, lengths);
    }

    /** Decodes {@code count} symbols, which must use up a stream. */
    void decode(byte[] in, int from, int to, byte[] out, int at, int count) {
        BackwardBits bits = new BackwardBits(in, from, to);
        for (int i = 0; i < count; i++) {
            int next = bits.peek(longest);
            out[at + i] = symbols[next];
            bits.skip(lengths[next]);
        }
        require(bits.left() == 0);
    }

    private static void require(boolean holds) {
        if (!holds) {
            throw new Corrupt("a Zstandard page has a broken Huffman table or stream");
        }
    }
}
