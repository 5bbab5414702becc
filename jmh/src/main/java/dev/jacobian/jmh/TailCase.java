// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.tensor.Rng;
import java.util.Arrays;

/**
 * Many sequences whose lengths have a heavy tail, as a model that reasons has them: log-normal, the longest 16 times the median; or are equal.
 *
 * @param model the model; its sequences are all that are sampled, its length the median of new tokens
 * @param isEqual whether all have the median
 */
public record TailCase(ModelCase model, boolean isEqual) {
    /** The longest sequence in medians. */
    private static final int LONGEST = 16;

    private static final String EQUAL = " equal";

    /** Reads {@code MODEL SEQUENCESxMEDIAN [FORMAT] [equal]}. */
    public static TailCase parse(String text) {
        boolean isEqual = text.endsWith(EQUAL);
        String model = isEqual ? text.substring(0, text.length() - EQUAL.length()) : text;
        return new TailCase(ModelCase.parse(model), isEqual);
    }

    /** How many run together: a quarter. */
    public int slots() {
        return Math.max(1, model.sequences() / 4);
    }

    /** New tokens of each sequence; the same every time. */
    public int[] lengths() {
        Rng rng = new Rng(11, 0);
        int[] lengths = new int[model.sequences()];
        if (isEqual) {
            Arrays.fill(lengths, model.length());
            return lengths;
        }
        for (int s = 0; s < lengths.length; s++) {
            double length = model.length() * Math.exp(rng.nextGaussian());
            lengths[s] = (int) Math.clamp(Math.round(length), 1, (long) LONGEST * model.length());
        }
        lengths[lengths.length / 2] = longest();
        return lengths;
    }

    /** New tokens of the longest sequence. */
    public int longest() {
        return isEqual ? model.length() : LONGEST * model.length();
    }

    /** New tokens of all sequences. */
    public double tokenCount() {
        return Arrays.stream(lengths()).sum();
    }
}
