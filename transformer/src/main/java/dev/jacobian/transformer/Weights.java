// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.LinearWeight;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Tensor;
import java.util.Optional;

/** Where a model gets its parameters from while it is built: a checkpoint, or a random generator. */
interface Weights {
    /** The parameter of that checkpoint name and shape: norms and biases, and by default all others. */
    Var get(String name, int... extents);

    /** A parameter that exists only if the configuration says so. */
    default Optional<Var> getIf(boolean present, String name, int... extents) {
        return present ? Optional.of(get(name, extents)) : Optional.empty();
    }

    /** The weight of a linear layer, [outputs, inputs]. */
    default LinearWeight linear(String name, int outputs, int inputs) {
        return get(name, outputs, inputs);
    }

    /** The table of token embeddings, [V, D]. */
    default Var embedding(String name, int vocabulary, int width) {
        return get(name, vocabulary, width);
    }

    /** The embedding as the weight of the head. */
    default LinearWeight tiedHead(String name, Var embedding) {
        return embedding;
    }

    /** Makes a parameter of a tensor. */
    static Parameter parameter(String name, Tensor value) {
        return Var.parameter(name, value);
    }
}
