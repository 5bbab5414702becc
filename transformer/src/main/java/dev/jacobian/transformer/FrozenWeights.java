// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.FrozenWeight;
import dev.jacobian.autograd.LinearWeight;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.WeightFormat;

/**
 * Another source's weights for inference alone, matrices in a narrow format, all on one device.
 *
 * <p>Decisions: each tensor is converted as it comes, so there is never more than one of them in F32. Norms and biases stay
 * F32: they are few, and their errors would reach everything. Embeddings are BF16 rows in every format: a row is read as
 * it is, without a product that would average its errors, and one row per token costs no time. A tied head is converted
 * from the checkpoint's numbers, not from the rounded rows.
 */
record FrozenWeights(Weights source, WeightFormat format, Device device) implements Weights {
    @Override
    public Var get(String name, int... extents) {
        return Var.constant(source.get(name, extents).value().to(device));
    }

    @Override
    public LinearWeight linear(String name, int outputs, int inputs) {
        return FrozenWeight.of(name, source.get(name, outputs, inputs).value(), format, device);
    }

    @Override
    public Var embedding(String name, int vocabulary, int width) {
        return Var.constant(
                source.get(name, vocabulary, width).value().to(DType.BF16).to(device));
    }

    @Override
    public LinearWeight tiedHead(String name, Var embedding) {
        return linear(name, embedding.value().extent(0), embedding.value().extent(1));
    }
}
