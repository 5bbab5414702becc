// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

/**
 * tanh in binary32 with the same bits everywhere, for the reasons that {@link Exp} gives.
 *
 * <p>Near 0 an odd polynomial (coefficients of the Cephes library's {@code tanhf}), elsewhere 1 − 2 / (exp(2|x|) + 1) with the
 * sign of x. Error below 2 ulp. tanh(±∞) = ±1, NaN stays NaN.
 */
public final class Tanh {
    /** Below this magnitude the polynomial is used. */
    public static final float SMALL = 0.625f;

    public static final float P5 = -5.70498872745e-3f;
    public static final float P4 = 2.06390887954e-2f;
    public static final float P3 = -5.37397155531e-2f;
    public static final float P2 = 1.33314422036e-1f;
    public static final float P1 = -3.33332819422e-1f;

    private Tanh() {}

    /** The hyperbolic tangent of x. */
    public static float tanh(float x) {
        float t = Math.abs(x);
        if (t < SMALL) {
            float square = x * x;
            float p = Math.fma(P5, square, P4);
            p = Math.fma(p, square, P3);
            p = Math.fma(p, square, P2);
            p = Math.fma(p, square, P1);
            return Math.fma(p * square, x, x);
        }
        float magnitude = 1f - 2f / (Exp.exp(2f * t) + 1f);
        return x < 0 ? -magnitude : magnitude;
    }
}
