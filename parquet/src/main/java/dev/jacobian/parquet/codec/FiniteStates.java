// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet.codec;

import dev.jacobian.parquet.format.Corrupt;

/**
 * The table of a finite-state entropy coder (RFC 8878, section 4.1): for every state its symbol, and how many bits, added to which
 * number, give the next state.
 *
 * @param log of the number of states
 * @param symbols by state
 * @param bits by state
 * @param bases by state
 */
record FiniteStates(int log, byte[] symbols, byte[] bits, short[] bases) {
    private static final int LOWEST_LOG = 5;

    /** A table of one symbol, which takes no bits. */
    static FiniteStates of(int symbol) {
        return new FiniteStates(0, new byte[] {(byte) symbol}, new byte[1], new short[1]);
    }

    /** The table of some counts: how many states each symbol has, -1 for less than one. */
    static FiniteStates of(int log, int[] counts) {
        int size = 1 << log;
        byte[] symbols = new byte[size];
        int[] next = new int[counts.length];
        int high = size;
        for (int s = 0; s < counts.length; s++) {
            next[s] = counts[s];
            if (counts[s] < 0) {
                symbols[--high] = (byte) s;
                next[s] = 1;
            }
        }
        int step = (size >>> 1) + (size >>> 3) + 3;
        int place = 0;
        for (int s = 0; s < counts.length; s++) {
            for (int i = 0; i < counts[s]; i++) {
                symbols[place] = (byte) s;
                do {
                    place = place + step & size - 1;
                } while (place >= high);
            }
        }
        if (place != 0) {
            throw new Corrupt("a Zstandard table does not come out even");
        }
        byte[] bits = new byte[size];
        short[] bases = new short[size];
        for (int state = 0; state < size; state++) {
            int count = next[symbols[state] & 255]++;
            bits[state] = (byte) (log - (31 - Integer.numberOfLeadingZeros(count)));
            bases[state] = (short) ((count << bits[state]) - size);
        }
        return new FiniteStates(log, symbols, bits, bases);
    }

    /** A table with the place behind what described it. */
    record Read(FiniteStates table, int end) {}

    /**
     * Reads a table's description.
     *
     * @param largestLog that is allowed there
     * @param symbols that there can be
     */
    static Read read(byte[] in, int from, int to, int largestLog, int symbols) {
        ForwardBits bits = new ForwardBits(in, from, to);
        int log = bits.read(4) + LOWEST_LOG;
        if (log > largestLog) {
            throw new Corrupt("a Zstandard table has 2^" + log + " states, and 2^" + largestLog + " are the most");
        }
        int[] counts = new int[symbols];
        int remaining = 1 << log;
        int symbol = 0;
        while (remaining > 0) {
            if (symbol >= symbols) {
                throw new Corrupt("a Zstandard table has too many symbols");
            }
            int count = count(bits, remaining);
            remaining -= Math.abs(count);
            counts[symbol++] = count;
            for (int zeros = count == 0 ? 3 : 0; zeros == 3; symbol += zeros) {
                zeros = bits.read(2);
            }
        }
        if (remaining != 0 || symbol > symbols) {
            throw new Corrupt("a Zstandard table does not come out even");
        }
        return new Read(of(log, counts), bits.end());
    }

    /** A count, written in as few bits as what remains allows: of the lower values one bit less. */
    private static int count(ForwardBits in, int remaining) {
        int bits = Integer.SIZE - Integer.numberOfLeadingZeros(remaining + 1);
        int half = 1 << bits - 1;
        int few = (1 << bits) - 1 - (remaining + 1);
        int value = in.read(bits - 1);
        if (value >= few) {
            value |= in.read(1) << bits - 1;
            if (value >= half) {
                value -= few;
            }
        }
        return value - 1;
    }

    /** The state that follows. */
    int next(int state, BackwardBits in) {
        return (bases[state] & 0xFFFF) + (int) in.read(bits[state]);
    }
}
