// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One attention operation to measure.
 *
 * @param kind decode (one query per sequence over {@code length} keys), score (all queries) or backward
 */
public record AttentionCase(String kind, int sequences, int length, int heads, int kvHeads, int headDim) {
    private static final Pattern FORM = Pattern.compile("(decode|score|backward) (\\d+)x(\\d+) h(\\d+)/(\\d+) d(\\d+)");

    /** Reads {@code KIND SEQUENCESxLENGTH hHEADS/KVHEADS dHEADDIM}. */
    public static AttentionCase parse(String text) {
        Matcher m = FORM.matcher(text);
        if (!m.matches()) {
            throw new IllegalArgumentException("'" + text
                    + "' is not of the form 'decode|score|backward SEQUENCESxLENGTH hHEADS/KVHEADS dHEADDIM'");
        }
        return new AttentionCase(
                m.group(1),
                Integer.parseInt(m.group(2)),
                Integer.parseInt(m.group(3)),
                Integer.parseInt(m.group(4)),
                Integer.parseInt(m.group(5)),
                Integer.parseInt(m.group(6)));
    }

    /** Floating-point operations of the matrix products, masked pairs not counted. */
    public double operations() {
        double pairs =
                kind.equals("decode") ? (double) sequences * length : (double) sequences * length * (length + 1) / 2;
        int products = kind.equals("backward") ? 5 : 2;
        return 2.0 * products * pairs * heads * headDim;
    }
}
