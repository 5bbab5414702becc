// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.ExpertWeights;
import dev.jacobian.autograd.FrozenWeight;
import dev.jacobian.autograd.LinearWeight;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.QuantizedMatrix;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.transformer.plan.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Another source's weights, none of which is trained, matrices in formats, all on one device.
 *
 * <p>Decisions: each tensor is converted as it comes, so there is never more than one of them as it was stored; what a file has in blocks
 * of the very format that is wanted is not converted at all. Norms and biases stay F32: they are few, and their errors would reach
 * everything. Embeddings are BF16 rows in every format but F32 and as stored, where they are exact: a row is read as it is, without a
 * product that would average its errors, and one row per token costs no time. A tied head is converted from the checkpoint's numbers,
 * not from the rounded rows. Experts are held in the format on the CPU, each for itself; a GPU, whose products with experts know F32 and
 * BF16 only, has them in F32.
 */
record FrozenWeights(Weights source, WeightFormats formats, Device device) implements Weights {
    @Override
    public boolean isConcurrent() {
        return device.equals(Device.CPU) && source.isConcurrent();
    }

    @Override
    public Var get(TensorSpec spec) {
        return Var.constant(source.get(spec).value().to(device));
    }

    @Override
    public LinearWeight linear(TensorSpec spec) {
        WeightFormat format = formats.of(spec);
        Optional<QuantizedMatrix> blocks = source.blocks(spec, format); // [M, K]
        if (blocks.isPresent()) {
            return FrozenWeight.of(spec.name(), blocks.get(), device);
        }
        // The CPU packs what is stored, if it is to be narrow; a GPU is given F32.
        Tensor weight = device.equals(Device.CPU) && format != WeightFormat.F32
                ? source.narrow(spec)
                : source.get(spec).value(); // [M, K]
        return FrozenWeight.of(spec.name(), weight, format, device);
    }

    @Override
    public ExpertWeights experts(TensorSpec spec) {
        WeightFormat format = formats.of(spec);
        if (format == WeightFormat.F32 || !(device.equals(Device.CPU) || device.equals(Device.COUNTED))) {
            return Weights.super.experts(spec);
        }
        Optional<QuantizedMatrix> blocks = source.blocks(spec, format); // [E · M, K]
        if (blocks.isPresent()) {
            int rows = spec.rows();
            return each(spec, (name, expert) -> {
                QuantizedMatrix own = blocks.get().select(rows, row -> expert * rows + row); // [M, K]
                return FrozenWeight.of(name, own, device);
            });
        }
        Tensor weights = device.equals(Device.CPU)
                ? source.narrow(spec)
                : source.get(spec).value(); // [E, M, K]
        return each(spec, (name, expert) -> FrozenWeight.of(name, weights.select(0, expert), format, device));
    }

    private interface OfExpert {
        FrozenWeight weight(String name, int expert);
    }

    private static ExpertWeights each(TensorSpec spec, OfExpert of) {
        List<FrozenWeight> each = new ArrayList<>();
        for (int expert = 0; expert < spec.extents().getFirst(); expert++) {
            each.add(of.weight(spec.name() + ", expert " + expert, expert));
        }
        return new ExpertWeights.Each(each);
    }

    @Override
    public Var table(TensorSpec spec) {
        Tensor stored = source.narrow(spec);
        boolean exact = formats instanceof WeightFormats.AsStored || formats.of(spec) == WeightFormat.F32;
        return Var.constant((exact ? stored : stored.to(DType.BF16)).to(device));
    }

    @Override
    public LinearWeight tiedHead(TensorSpec spec, Var table) {
        return linear(spec);
    }
}
