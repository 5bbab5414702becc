// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An operation on the rows of a matrix.
 *
 * @param kind rmsnorm, rotary (heads of 64), swiglu or softmax
 */
public record RowsCase(String kind, int rows, int columns) {
    private static final Pattern FORM = Pattern.compile("(rmsnorm|rotary|swiglu|softmax) (\\d+)x(\\d+)");

    /** Reads {@code KIND ROWSxCOLUMNS}. */
    public static RowsCase parse(String text) {
        Matcher m = FORM.matcher(text);
        if (!m.matches()) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not of the form 'rmsnorm|rotary|swiglu|softmax" + " ROWSxCOLUMNS'");
        }
        return new RowsCase(m.group(1), Integer.parseInt(m.group(2)), Integer.parseInt(m.group(3)));
    }

    /** Bytes read and written: one array in (two for swiglu), one out. */
    double bytes() {
        return 4.0 * rows * columns * (kind.equals("swiglu") ? 3 : 2);
    }
}
