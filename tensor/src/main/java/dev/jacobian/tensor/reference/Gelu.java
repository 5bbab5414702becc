// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import dev.jacobian.tensor.GeluForm;

/**
 * GELU and its slope in binary32, with the same bits everywhere.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>Neither erf nor tanh: Φ(z) for negative z and the approximation's sigmoid are small numbers, which 1 + erf and 1 +
 *       tanh would round away. Both rest on {@link Exp} and on fused multiply-adds, so a vector twin has identical bits.
 *   <li>Φ(−t) for t ≥ 0 is exp(−t²/2) · P((t − 4.5) / (t + 4.5)) / (t + 1.5), P a polynomial of degree 9 fitted (Chebyshev)
 *       for the smallest relative error over [0, 15], 1e-8; beyond, Φ(−t) is 0 in F32. The rounding of t² is made good in the
 *       exponential.
 *   <li>½ (1 + tanh u) is 1 / (1 + exp(−2u)).
 * </ul>
 *
 * <p>GELU is within 6 ulp of z · Φ(z); slopes, whose sums cancel, are within 4 · 2⁻²⁴ (exact) and 8 · 2⁻²⁴ (tanh).
 */
public final class Gelu {
    /** Beyond, Φ is 0 or 1. */
    public static final float MOST = 15f;

    public static final float CENTRE = 4.5f;
    public static final float SHIFT = 1.5f;
    public static final float P9 = -3.029982908628881e-4f;
    public static final float P8 = 4.107222775928676e-5f;
    public static final float P7 = 2.5888083036988974e-3f;
    public static final float P6 = -8.500129915773869e-3f;
    public static final float P5 = 1.4540999196469784e-2f;
    public static final float P4 = -1.012138556689024e-2f;
    public static final float P3 = -1.9943058490753174e-2f;
    public static final float P2 = 8.421549946069717e-2f;
    public static final float P1 = -1.7242833971977234e-1f;
    public static final float P0 = 5.088203549385071e-1f;
    /** 1 / √(2π): what exp(−z²/2) is multiplied by to be the normal density. */
    public static final float DENSITY = 0.39894228f;

    /** 2 √(2/π). */
    public static final float TWICE = 1.5957691216057308f;

    public static final float CUBIC = 0.044715f;
    /** Beyond, the slope of the tanh form is 0 or 1, but for 1e-35. */
    public static final float MOST_TANH = 10f;

    private Gelu() {}

    /** GELU of z. */
    public static float value(GeluForm form, float z) {
        return switch (form) {
            case EXACT -> {
                float c = capped(z, MOST);
                yield z * cumulative(c, bell(c));
            }
            case TANH -> z / (1f + Exp.exp(-(TWICE * z * Math.fma(CUBIC * z, z, 1f))));
        };
    }

    /** Its derivative: Φ(z) + z · density(z), or σ(2u) · (1 + z · (1 − σ(2u)) · 2u'). */
    public static float slope(GeluForm form, float z) {
        return switch (form) {
            case EXACT -> {
                float c = capped(z, MOST);
                float bell = bell(c);
                yield Math.fma(c * bell, DENSITY, cumulative(c, bell));
            }
            case TANH -> {
                float c = capped(z, MOST_TANH);
                float square = CUBIC * c * c;
                float e = Exp.exp(-(TWICE * c * (square + 1f)));
                float sigmoid = 1f / (1f + e);
                yield sigmoid * Math.fma(c * (e * sigmoid), TWICE * Math.fma(3f, square, 1f), 1f);
            }
        };
    }

    /** z within ±{@code most}; NaN stays. */
    public static float capped(float z, float most) {
        return z < -most ? -most : z > most ? most : z;
    }

    /** exp(−z²/2). */
    public static float bell(float z) {
        float square = z * z;
        float e = Exp.exp(-0.5f * square);
        return Math.fma(e, -0.5f * Math.fma(z, z, -square), e);
    }

    /** Φ(z), {@code bell} being exp(−z²/2). */
    public static float cumulative(float z, float bell) {
        float t = Math.abs(z);
        float s = (t - CENTRE) / (t + CENTRE);
        float p = Math.fma(P9, s, P8);
        p = Math.fma(p, s, P7);
        p = Math.fma(p, s, P6);
        p = Math.fma(p, s, P5);
        p = Math.fma(p, s, P4);
        p = Math.fma(p, s, P3);
        p = Math.fma(p, s, P2);
        p = Math.fma(p, s, P1);
        p = Math.fma(p, s, P0);
        float tail = bell * (p / (t + SHIFT));
        return z < 0 ? tail : 1f - tail;
    }
}
