// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

/** The logistic function and its logarithm, without overflow and with the same bits everywhere. */
final class Sigmoids {
    private Sigmoids() {}

    /** σ(x) = 1 / (1 + e⁻ˣ). */
    static double sigmoid(double x) {
        double e = StrictMath.exp(-Math.abs(x));
        return x >= 0 ? 1 / (1 + e) : e / (1 + e);
    }

    /** log σ(x); its derivative is σ(−x). */
    static double logSigmoid(double x) {
        return Math.min(x, 0) - StrictMath.log1p(StrictMath.exp(-Math.abs(x)));
    }

    /** σ'(x) = σ(x) σ(−x). */
    static double slope(double x) {
        return sigmoid(x) * sigmoid(-x);
    }
}
