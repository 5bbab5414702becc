// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.ExpertWeights;
import dev.jacobian.autograd.LinearWeight;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.QuantizedMatrix;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.transformer.plan.TensorSpec;
import java.util.Map;
import java.util.Optional;

/** Where a model gets its tensors from while it is built: a checkpoint, another model, or a random generator. */
interface Weights {
    /** A tensor as a parameter: norms and biases, and by default all others. */
    Var get(TensorSpec spec);

    /**
     * Whether several threads may ask for tensors at a time, in any order. Then they do: what takes time is new memory, and each
     * thread gets some.
     */
    default boolean isConcurrent() {
        return false;
    }

    /** The numbers of a tensor in as few bits as they are stored in: F32, BF16 or F16, on the CPU. */
    default Tensor narrow(TensorSpec spec) {
        return get(spec).value();
    }

    /** A matrix, or those of all experts below each other, as the file has it; empty unless that is in blocks of the format. */
    default Optional<QuantizedMatrix> blocks(TensorSpec spec, WeightFormat format) {
        return Optional.empty();
    }

    /** The weight of a linear layer, [outputs, inputs]. */
    default LinearWeight linear(TensorSpec spec) {
        return get(spec);
    }

    /** The weights of a linear layer of all experts, [E, outputs, inputs]. */
    default ExpertWeights experts(TensorSpec spec) {
        return new ExpertWeights.Together(get(spec));
    }

    /** A matrix that decides where tokens go, which is read in F32. */
    default LinearWeight router(TensorSpec spec) {
        return get(spec);
    }

    /** What is added to the rows of a table. */
    default Optional<LowRankRows> rows(TensorSpec spec) {
        return Optional.empty();
    }

    /** What alone is trained, by name, after all has been asked for; empty where every parameter is. */
    default Map<String, Parameter> trained() {
        return Map.of();
    }

    /** The table of token embeddings, [V, D]. */
    default Var table(TensorSpec spec) {
        return get(spec);
    }

    /** What is not trained. */
    default Var buffer(TensorSpec spec) {
        return Var.constant(get(spec).value());
    }

    /**
     * The embedding as the weight of the head.
     *
     * @param table what {@link #table} gave for it
     */
    default LinearWeight tiedHead(TensorSpec spec, Var table) {
        return table;
    }

    /** Makes a parameter of a tensor. */
    static Parameter parameter(TensorSpec spec, Tensor value) {
        return Var.parameter(spec.name(), value);
    }
}
