// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import java.nio.charset.StandardCharsets;

/**
 * The byte-level alphabet of GPT-2: one visible character for each of the 256 bytes, so that a vocabulary of byte
 * strings can be stored as JSON text.
 *
 * <p>The 188 bytes that print in Latin-1 stand for themselves; the other 68, in increasing order, become U+0100,
 * U+0101, and so on. A space is thus {@code Ġ} and a line feed {@code Ċ}.
 */
final class ByteAlphabet {
    private static final char[] CHAR_OF_BYTE = new char[256];
    private static final short[] BYTE_OF_CHAR = new short[256 + 68];

    static {
        java.util.Arrays.fill(BYTE_OF_CHAR, (short) -1);
        int next = 256;
        for (int b = 0; b < 256; b++) {
            boolean prints = b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
            CHAR_OF_BYTE[b] = (char) (prints ? b : next++);
            BYTE_OF_CHAR[CHAR_OF_BYTE[b]] = (short) b;
        }
    }

    private ByteAlphabet() {}

    /** The character that stands for the byte {@code b & 0xFF}. */
    static char charOf(int b) {
        return CHAR_OF_BYTE[b & 0xFF];
    }

    /** The byte, 0 to 255, that a character stands for, or -1. */
    static int byteOf(char c) {
        return c < BYTE_OF_CHAR.length ? BYTE_OF_CHAR[c] : -1;
    }

    /** The UTF-8 bytes of a text, written in the alphabet. */
    static String encode(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        char[] chars = new char[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            chars[i] = CHAR_OF_BYTE[bytes[i] & 0xFF];
        }
        return new String(chars);
    }

    /** The bytes of a token: those that its characters stand for, or its UTF-8 if one of them stands for none. */
    static byte[] bytesOf(String token) {
        byte[] bytes = new byte[token.length()];
        for (int i = 0; i < bytes.length; i++) {
            int b = byteOf(token.charAt(i));
            if (b < 0) {
                return token.getBytes(StandardCharsets.UTF_8);
            }
            bytes[i] = (byte) b;
        }
        return bytes;
    }

    /** The token that stands for the byte {@code b & 0xFF} in vocabularies with byte fallback. */
    static String fallbackToken(int b) {
        return "<0x%02X>".formatted(b & 0xFF);
    }
}
