// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

/** Places in a text counted in code points, as Python counts them; where there are no surrogates they are Java's own. */
final class CodePoints {
    private CodePoints() {}

    private static boolean plain(String text) {
        return text.codePointCount(0, text.length()) == text.length();
    }

    /** The character at a place. */
    static String at(String text, int index) {
        int from = plain(text) ? index : text.offsetByCodePoints(0, index);
        return Character.toString(text.codePointAt(from));
    }

    /** Java's index of a place. */
    static int offset(String text, int index) {
        return plain(text) ? index : text.offsetByCodePoints(0, index);
    }

    /** The place of Java's index. */
    static int index(String text, int offset) {
        return text.codePointCount(0, offset);
    }

    /** Every {@code step}-th of {@code count} characters from {@code first} on. */
    static String slice(String text, int first, int step, int count) {
        if (count == 0) {
            return "";
        }
        if (step == 1) {
            int from = offset(text, first);
            return text.substring(from, text.offsetByCodePoints(from, count));
        }
        int[] characters = text.codePoints().toArray();
        StringBuilder out = new StringBuilder(count);
        for (int i = 0; i < count; i++) {
            out.appendCodePoint(characters[first + i * step]);
        }
        return out.toString();
    }
}
