// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.testing.fuzz;

import java.util.Arrays;

/** Mutations of bytes that know nothing of what they mean. */
public final class Bytes {
    private static final int MOST_CHANGES = 4;
    private static final byte[] INTERESTING = {
        0, 1, -1, 0x7F, (byte) 0x80, '"', '{', '}', '[', ']', '\\', ',', ':', '\n'
    };

    private Bytes() {}

    /** A copy with a few bytes changed, cut, repeated or put in. */
    public static byte[] mutate(byte[] original, Choices choices) {
        byte[] bytes = original.clone();
        for (int change = choices.below(MOST_CHANGES) + 1; change > 0 && bytes.length > 0; change--) {
            int at = choices.below(bytes.length);
            switch (choices.below(6)) {
                case 0 -> bytes[at] ^= (byte) (1 << choices.below(8));
                case 1 -> bytes[at] = INTERESTING[choices.below(INTERESTING.length)];
                case 2 -> bytes[at] = (byte) choices.below(256);
                case 3 -> bytes = Arrays.copyOf(bytes, at); // the rest never arrived
                case 4 -> bytes = splice(bytes, at, at + Math.min(bytes.length - at, choices.below(16)), new byte[0]);
                default -> {
                    int end = at + Math.min(bytes.length - at, choices.below(64));
                    bytes = splice(bytes, at, at, Arrays.copyOfRange(bytes, at, end));
                }
            }
        }
        return bytes;
    }

    private static byte[] splice(byte[] bytes, int from, int to, byte[] put) {
        byte[] out = Arrays.copyOf(bytes, bytes.length - (to - from) + put.length);
        System.arraycopy(put, 0, out, from, put.length);
        System.arraycopy(bytes, to, out, from + put.length, bytes.length - to);
        return out;
    }
}
