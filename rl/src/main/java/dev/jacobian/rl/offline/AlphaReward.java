// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

/**
 * The reward of a log-probability a: (1 − e^{−αa}) / α (AlphaPO, arXiv 2501.03884), or a itself.
 *
 * @param alpha 0 for a itself
 */
record AlphaReward(double alpha) {
    double of(double log) {
        return alpha == 0 ? log : -StrictMath.expm1(-alpha * log) / alpha;
    }

    double slope(double log) {
        return alpha == 0 ? 1 : StrictMath.exp(-alpha * log);
    }
}
