// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

/**
 * Finds a text in another in time that grows with the sum of their lengths, whatever they are. {@link String#indexOf} compares
 * anew at every place, and takes hours for half a million {@code a} and a {@code b} in a million {@code a}.
 */
final class TextSearch {
    /** Up to here comparing anew is cheap enough, and the JVM does it fastest. */
    private static final int SHORT = 16;

    private TextSearch() {}

    /** The first place from {@code from} on; -1 if there is none. */
    static int indexOf(String text, String part, int from) {
        return part.length() <= SHORT ? text.indexOf(part, from) : knuthMorrisPratt(text, part, from);
    }

    /** The last place that ends before {@code to}; -1 if there is none. */
    static int lastIndexOf(String text, String part, int to) {
        if (part.length() > to) {
            return -1;
        }
        if (part.length() <= SHORT) {
            return text.lastIndexOf(part, to - part.length());
        }
        String reversed = new StringBuilder(text.substring(0, to)).reverse().toString();
        int found = knuthMorrisPratt(reversed, new StringBuilder(part).reverse().toString(), 0);
        return found < 0 ? -1 : to - found - part.length();
    }

    private static int knuthMorrisPratt(String text, String part, int from) {
        int[] border = new int[part.length()]; // of the part's first i + 1 characters
        for (int i = 1, k = 0; i < part.length(); i++) {
            while (k > 0 && part.charAt(i) != part.charAt(k)) {
                k = border[k - 1];
            }
            border[i] = part.charAt(i) == part.charAt(k) ? ++k : k;
        }
        for (int i = from, k = 0; i < text.length(); i++) {
            while (k > 0 && text.charAt(i) != part.charAt(k)) {
                k = border[k - 1];
            }
            k = text.charAt(i) == part.charAt(k) ? k + 1 : k;
            if (k == part.length()) {
                return i - k + 1;
            }
        }
        return -1;
    }
}
