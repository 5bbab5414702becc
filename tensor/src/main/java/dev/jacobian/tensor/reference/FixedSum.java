// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

/**
 * The fixed order in which this project adds up numbers outside matrix products.
 *
 * <p>Element i goes to partial sum i mod 16, each partial sum in order of i; then the 16 are folded 8 + 8, 4 + 4, 2 + 2,
 * 1 + 1. One 512-bit vector, two of 256 bits and four of 128 bits all compute exactly this, so the result does not depend
 * on the width, and adding zeros at the end does not change it.
 */
public final class FixedSum {
    /** Number of interleaved partial sums. */
    public static final int LANES = 16;

    private FixedSum() {}

    /** Folds 16 partial sums, destroying them. */
    public static float fold(float[] lanes) {
        for (int width = LANES / 2; width > 0; width /= 2) {
            for (int lane = 0; lane < width; lane++) {
                lanes[lane] += lanes[lane + width];
            }
        }
        return lanes[0];
    }

    /** Fixed sum of x[from .. from + n). */
    public static float sum(float[] x, int from, int n) {
        float[] lanes = new float[LANES];
        for (int i = 0; i < n; i++) {
            lanes[i % LANES] += x[from + i];
        }
        return fold(lanes);
    }

    /** Fixed sum of products, each added with one fused multiply-add. */
    public static float dot(float[] x, int xFrom, float[] y, int yFrom, int n) {
        float[] lanes = new float[LANES];
        for (int i = 0; i < n; i++) {
            lanes[i % LANES] = Math.fma(x[xFrom + i], y[yFrom + i], lanes[i % LANES]);
        }
        return fold(lanes);
    }
}
