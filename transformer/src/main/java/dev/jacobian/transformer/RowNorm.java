// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.RmsNorm;
import dev.jacobian.autograd.Var;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Role;

/**
 * A norm with its weight.
 *
 * @param gain [D], or as many elements as are normalised together
 */
record RowNorm(Norm norm, Var gain) {
    static RowNorm of(Norm norm, Role role, int layer, ModelWeights weights) {
        return new RowNorm(norm, weights.gain(role, layer));
    }

    /** Rows of x, [N, k · D], D elements at a time. */
    Var apply(Var x) {
        return switch (norm) {
            case Norm.Rms rms -> RmsNorm.rmsNorm(x, gain, rms.epsilon());
        };
    }
}
