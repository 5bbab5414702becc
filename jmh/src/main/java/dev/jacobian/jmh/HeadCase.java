// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Log-probabilities of one token for each row of hidden states.
 *
 * @param backward whether gradients of hidden states and weights are computed too
 */
public record HeadCase(boolean backward, int rows, int hidden, int vocabulary) {
    private static final Pattern FORM = Pattern.compile("(forward|training) (\\d+)x(\\d+)x(\\d+)");

    /** Reads {@code forward|training ROWSxHIDDENxVOCABULARY}. */
    public static HeadCase parse(String text) {
        Matcher m = FORM.matcher(text);
        if (!m.matches()) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not of the form 'forward|training ROWSxHIDDENxVOCABULARY'");
        }
        return new HeadCase(
                m.group(1).equals("training"),
                Integer.parseInt(m.group(2)),
                Integer.parseInt(m.group(3)),
                Integer.parseInt(m.group(4)));
    }

    /** Operations of the logits and their two gradients; what is computed a second time is not counted. */
    public double operations() {
        return (backward ? 6.0 : 2.0) * rows * hidden * vocabulary;
    }

    /** The row's target. */
    public int target(int row) {
        return row * 31 % vocabulary;
    }

    /** Hidden states. */
    public float[] states() {
        return MatMulCase.numbers(rows * hidden, 1);
    }

    /** Weights. */
    public float[] weights() {
        return MatMulCase.numbers(vocabulary * hidden, 2);
    }
}
