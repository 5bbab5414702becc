// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.LayerNorm;
import dev.jacobian.autograd.RmsNorm;
import dev.jacobian.autograd.Var;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Role;
import java.util.Optional;

/**
 * A norm with its weight.
 *
 * @param gain the weight [D], or as many elements as are normalised together
 * @param bias of the same shape, where the norm has one
 */
record RowNorm(Norm norm, Var gain, Optional<Var> bias) {
    static RowNorm of(Norm norm, Role role, int layer, ModelWeights weights) {
        return new RowNorm(norm, weights.gain(norm, role, layer), weights.bias(role, layer));
    }

    /** Rows of x, [N, k · D], D elements at a time. */
    Var apply(Var x) {
        return switch (norm) {
            case Norm.Rms rms ->
                switch (rms.gain()) {
                    case WEIGHT -> RmsNorm.rmsNorm(x, gain, rms.epsilon());
                    case ONE_PLUS_WEIGHT -> RmsNorm.rmsNormOnePlus(x, gain, rms.epsilon());
                };
            case Norm.Layer whole ->
                switch (whole.gain()) {
                    case WEIGHT -> LayerNorm.layerNorm(x, gain, bias, whole.epsilon());
                    case ONE_PLUS_WEIGHT -> LayerNorm.layerNormOnePlus(x, gain, bias, whole.epsilon());
                };
        };
    }
}
