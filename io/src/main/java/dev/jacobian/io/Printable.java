// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

/**
 * Text from files and models in a form that a terminal shows and does not obey.
 *
 * <p>A tensor's name, a value of config.json or what a model says can hold escape sequences that retitle the window, clear
 * it, or print a message of their own. Control characters become {@code \}{@code u001b} and the like, and so do the marks
 * that turn the order of letters around. Line ends and tabs stay.
 */
public final class Printable {
    private Printable() {}

    /** The text with its control characters written out. */
    public static String of(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (isControl(text, i)) {
                return escaped(text, i);
            }
        }
        return text;
    }

    private static String escaped(String text, int from) {
        StringBuilder out = new StringBuilder(text.length() + 16).append(text, 0, from);
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (isControl(text, i)) {
                out.append("\\u%04x".formatted((int) c));
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }

    private static boolean isControl(String text, int i) {
        char c = text.charAt(i);
        return switch (c) {
            case '\n', '\t' -> false;
            case '\r' -> i + 1 == text.length() || text.charAt(i + 1) != '\n'; // alone it overwrites the line
            default ->
                Character.isISOControl(c) // C0, DEL and C1
                        || c >= '\u202A' && c <= '\u202E' // embeddings and overrides of direction
                        || c >= '\u2066' && c <= '\u2069'; // isolates
        };
    }
}
