// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.evaluation;

/** The standard normal distribution. */
final class NormalQuantile {
    private NormalQuantile() {}

    /** Φ(x) = ½ + φ(x) Σ_k x^(2k+1) / (1 · 3 · … · (2k+1)), for x of a few standard deviations. */
    static double below(double x) {
        double term = x;
        double sum = x;
        for (int k = 1; Math.abs(term) > 1e-17 * Math.abs(sum); k++) {
            term *= x * x / (2 * k + 1);
            sum += term;
        }
        return 0.5 + sum * StrictMath.exp(-x * x / 2) / StrictMath.sqrt(2 * Math.PI);
    }

    /** The x with Φ(x) = p, by bisection; p in [0.5, 1 − 1e-12]. */
    static double of(double p) {
        double low = 0;
        double high = 8;
        while (high - low > 1e-13) {
            double middle = (low + high) / 2;
            if (below(middle) < p) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return (low + high) / 2;
    }
}
