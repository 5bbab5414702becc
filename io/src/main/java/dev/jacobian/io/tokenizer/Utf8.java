// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import java.nio.charset.StandardCharsets;

/**
 * Decodes UTF-8 that may be invalid.
 *
 * <p>Each maximal part that could have begun a character becomes one U+FFFD, and so does each byte that could not: what
 * Unicode recommends (version 16, chapter 3.9, U+FFFD Substitution of Maximal Subparts), the Web does and Rust does.
 * {@link String#String(byte[], java.nio.charset.Charset)} differs for some overlong forms.
 */
final class Utf8 {
    private static final char REPLACEMENT = '\uFFFD';

    private Utf8() {}

    static String decode(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        return text.indexOf(REPLACEMENT) < 0 ? text : decodeInvalid(bytes);
    }

    private static String decodeInvalid(byte[] bytes) {
        StringBuilder out = new StringBuilder(bytes.length);
        for (int i = 0; i < bytes.length; ) {
            int lead = bytes[i++] & 0xFF;
            if (lead < 0x80) {
                out.append((char) lead);
                continue;
            }
            int more = lead >= 0xC2 && lead <= 0xDF
                    ? 1
                    : lead >= 0xE0 && lead <= 0xEF ? 2 : lead >= 0xF0 && lead <= 0xF4 ? 3 : 0;
            // The second byte's range excludes overlong forms, surrogates and what lies beyond U+10FFFF.
            int low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
            int high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
            int c = lead & 0x3F >> more;
            int left = more;
            while (left > 0 && i < bytes.length && (bytes[i] & 0xFF) >= low && (bytes[i] & 0xFF) <= high) {
                c = c << 6 | bytes[i++] & 0x3F;
                left--;
                low = 0x80;
                high = 0xBF;
            }
            if (more == 0 || left > 0) {
                out.append(REPLACEMENT);
            } else {
                out.appendCodePoint(c);
            }
        }
        return out.toString();
    }
}
