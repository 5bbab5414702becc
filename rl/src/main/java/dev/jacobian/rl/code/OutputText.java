// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.code;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Output as judges compare it: blanks at the ends of lines and empty lines at the end do not count, all else does. Compared as
 * bytes, so that nothing that a program writes can upset a decoder.
 */
final class OutputText {
    private OutputText() {}

    /** Whether a program wrote what was expected. */
    static boolean same(byte[] written, String expected) {
        return Arrays.equals(canonical(written), canonical(expected.getBytes(StandardCharsets.UTF_8)));
    }

    /** The text without what does not count. */
    static String canonical(String text) {
        return new String(canonical(text.getBytes(StandardCharsets.UTF_8)), StandardCharsets.UTF_8);
    }

    private static byte[] canonical(byte[] text) {
        byte[] kept = new byte[text.length];
        int end = 0; // of what is kept
        int solid = 0; // behind the last character that counts: no blank, no end of a line
        int line = 0; // where the present line begins
        for (byte character : text) {
            if (character == '\n') {
                end = Math.max(solid, line); // cuts the line's blanks
                kept[end++] = character;
                line = end;
            } else {
                kept[end++] = character;
                solid = isBlank(character) ? solid : end;
            }
        }
        return Arrays.copyOf(kept, solid);
    }

    private static boolean isBlank(byte character) {
        return character == ' ' || character >= '\t' && character <= '\r';
    }
}
