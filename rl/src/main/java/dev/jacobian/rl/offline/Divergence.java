// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.config.Checks.require;

import dev.jacobian.rl.config.Setting;

/** What is made of a log-ratio before a loss sees it: by default nothing. */
public record Divergence(
        @Setting(value = "reverse_kl", doc = "divergence from the reference")
        FDivergence fDivergenceType,

        @Setting(value = "0.5", doc = "alpha of alpha_divergence")
        double fAlphaDivergenceCoef) {
    public Divergence {
        require(
                fAlphaDivergenceCoef != 1,
                "f_alpha_divergence_coef must not be 1; that is f_divergence_type=reverse_kl");
    }

    double score(double r) {
        return fDivergenceType.score(r, fAlphaDivergenceCoef);
    }

    double slope(double r) {
        return fDivergenceType.slope(r, fAlphaDivergenceCoef);
    }
}
