// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

/** Blanks around an answer: white space as Java has it and the spaces that do not break lines, which a reader cannot see. */
final class Blanks {
    private Blanks() {}

    /** The text without blanks at its ends. */
    static String strip(String text) {
        int from = 0;
        int to = text.length();
        while (from < to && isBlank(text.charAt(from))) {
            from++;
        }
        while (to > from && isBlank(text.charAt(to - 1))) {
            to--;
        }
        return text.substring(from, to);
    }

    private static boolean isBlank(char c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\uFEFF';
    }
}
