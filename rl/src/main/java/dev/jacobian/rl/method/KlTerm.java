// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.requireAtLeast;

import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.KlEstimator;
import dev.jacobian.rl.objective.KlPenalty;

/** A KL penalty in every token's loss. */
public record KlTerm(
        @Setting(value = "0.0", doc = "coefficient of the KL penalty to the initial model; 0 needs no second model")
        double beta,

        @Setting(
                value = "k3",
                doc = "estimator of that divergence: k1 (no gradient in the mean), k2 or k3; not clamped")
        KlEstimator klEstimator) {
    public KlTerm {
        requireAtLeast("beta", 0, beta);
    }

    KlPenalty penalty() {
        return new KlPenalty(beta, klEstimator);
    }
}
