// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

/**
 * A text that tells whenever a character of it is looked at, so that a regular expression from elsewhere can be stopped: it cannot go on long
 * without looking at one.
 *
 * @param text what it says
 * @param look is called before each look at a character, and may throw
 */
public record CountedText(String text, Runnable look) implements CharSequence {
    @Override
    public char charAt(int index) {
        look.run();
        return text.charAt(index);
    }

    @Override
    public int length() {
        return text.length();
    }

    /** A part, of which nobody is told. */
    @Override
    public CharSequence subSequence(int start, int end) {
        return text.substring(start, end);
    }

    @Override
    public String toString() {
        return text;
    }
}
