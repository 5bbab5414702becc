// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.reading;

/**
 * How to read what can be read in two ways. A careful person knows from the other side which was meant; the judge tries both.
 *
 * @param plain ordinary text, where {@code x^12} is x to the 12th; in LaTeX it is x·2
 * @param groupedByComma whether 1,234 is one number
 * @param unitLetters whether letters behind a number may be a unit: 98 m
 */
public record Style(boolean plain, boolean groupedByComma, boolean unitLetters) {

    /** LaTeX, with 1,234 as one number. */
    public static final Style LATEX = new Style(false, true, true);

    /** Ordinary text, with 1,234 as one number. */
    public static final Style PLAIN = new Style(true, true, true);
}
