// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Tensor;
import java.util.Optional;

/** Where a model gets its parameters from while it is built: a checkpoint, or a random generator. */
interface Weights {
    /** The parameter of that checkpoint name and shape. */
    Var get(String name, int... extents);

    /** A parameter that exists only if the configuration says so. */
    default Optional<Var> getIf(boolean present, String name, int... extents) {
        return present ? Optional.of(get(name, extents)) : Optional.empty();
    }

    /** Makes a parameter of a tensor. */
    static Var parameter(String name, Tensor value) {
        return Var.parameter(name, value);
    }
}
