// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.tensor.Rng;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One matrix product to measure, or a batch of them in one call: [m, k] · [k, n].
 *
 * @param kind NN, NT (right operand stored transposed), TN (left operand stored transposed), packed (NN with the right
 *     operand rearranged once, before the measurement)
 * @param batch products; 1 is one by itself. Their matrices lie one after another
 */
public record MatMulCase(String kind, int batch, int m, int n, int k) {
    private static final Pattern FORM =
            Pattern.compile("(NN|NT|TN|packed)(?:(?<!packed) (\\d+) of)? (\\d+)x(\\d+)x(\\d+)");

    /** Reads {@code KIND MxNxK} or {@code KIND BATCH of MxNxK}. */
    public static MatMulCase parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not of the form 'NN|NT|TN|packed MxNxK'" + " or 'NN|NT|TN BATCH of MxNxK'");
        }
        return new MatMulCase(
                matcher.group(1),
                matcher.group(2) == null ? 1 : Integer.parseInt(matcher.group(2)),
                Integer.parseInt(matcher.group(3)),
                Integer.parseInt(matcher.group(4)),
                Integer.parseInt(matcher.group(5)));
    }

    public boolean batched() {
        return batch > 1;
    }

    public boolean transposeLeft() {
        return kind.equals("TN");
    }

    public boolean transposeRight() {
        return kind.equals("NT");
    }

    public boolean packed() {
        return kind.equals("packed");
    }

    /** Floating-point operations: a multiplication and an addition per term. */
    public double operations() {
        return 2.0 * batch * m * n * k;
    }

    /** Numbers for the left operands. */
    public float[] left() {
        return numbers(batch * m * k, 1);
    }

    /** Numbers for the right operands. */
    public float[] right() {
        return numbers(batch * k * n, 2);
    }

    static float[] numbers(int n, long seed) {
        Rng rng = new Rng(seed, 0);
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = rng.nextFloat() - 0.5f;
        }
        return values;
    }
}
