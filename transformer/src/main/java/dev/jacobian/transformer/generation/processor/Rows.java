// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation.processor;

import dev.jacobian.tensor.LikeliestTokens;
import java.util.Arrays;

/** What several processors do with a row of logits. */
final class Rows {
    private Rows() {}

    /** Rules out every token but one may be set again afterwards. */
    static void ruleOutAll(float[] logits) {
        Arrays.fill(logits, Float.NEGATIVE_INFINITY);
    }

    /** Rules out some tokens; ids beyond the vocabulary are none. */
    static void ruleOut(float[] logits, int[] tokens) {
        for (int token : tokens) {
            if (token < logits.length) {
                logits[token] = Float.NEGATIVE_INFINITY;
            }
        }
    }

    /** The k-th largest logit; −∞ if there are not so many. */
    static float kthLargest(float[] logits, int k) {
        if (k > logits.length) {
            return Float.NEGATIVE_INFINITY;
        }
        return LikeliestTokens.kthLargest(logits, k);
    }

    /**
     * The ids of some values from the smallest to the largest, equal ones by id.
     *
     * @param values no NaN
     */
    static int[] ascending(float[] values) {
        long[] keys = new long[values.length];
        for (int i = 0; i < values.length; i++) {
            int bits = Float.floatToIntBits(values[i] + 0f); // −0 and 0 are equal
            int ordered = bits < 0 ? ~bits : bits ^ Integer.MIN_VALUE; // unsigned, as the numbers are
            keys[i] = ((long) ordered << 32 | i) ^ Long.MIN_VALUE; // signed again
        }
        Arrays.sort(keys);
        int[] ids = new int[values.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = (int) keys[i];
        }
        return ids;
    }

    /** The ids from the likeliest to the least likely, equal ones by id. */
    static int[] descending(float[] logits) {
        float[] negated = new float[logits.length];
        for (int i = 0; i < logits.length; i++) {
            negated[i] = -logits[i];
        }
        return ascending(negated);
    }

    /** The entropy of a distribution in nats. */
    static double entropy(double[] p) {
        double entropy = 0;
        for (double x : p) {
            entropy -= x > 0 ? x * StrictMath.log(x) : 0;
        }
        return entropy;
    }

    /** Rules out tokens less likely than a limit, but never one of the {@code keep} likeliest. */
    static void ruleOutBelow(float[] logits, double[] p, double limit, int keep) {
        float kept = kthLargest(logits, Math.min(keep, logits.length));
        for (int i = 0; i < logits.length; i++) {
            if (p[i] < limit && logits[i] < kept) {
                logits[i] = Float.NEGATIVE_INFINITY;
            }
        }
    }
}
