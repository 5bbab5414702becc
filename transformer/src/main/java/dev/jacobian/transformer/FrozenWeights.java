// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.ExpertWeights;
import dev.jacobian.autograd.FrozenWeight;
import dev.jacobian.autograd.LinearWeight;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.transformer.plan.TensorSpec;
import java.util.ArrayList;
import java.util.List;

/**
 * Another source's weights, none of which is trained, matrices in a format, all on one device.
 *
 * <p>Decisions: each tensor is converted as it comes, so there is never more than one of them as it was stored. Norms and biases stay
 * F32: they are few, and their errors would reach everything. Embeddings are BF16 rows in every format but F32, where they are as they were stored: a row is read as
 * it is, without a product that would average its errors, and one row per token costs no time. A tied head is converted
 * from the checkpoint's numbers, not from the rounded rows. Experts are held in the format on the CPU, each for itself; a GPU, whose
 * products with experts know F32 and BF16 only, has them in F32.
 */
record FrozenWeights(Weights source, WeightFormat format, Device device) implements Weights {
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
        // The CPU packs what is stored, if it is to be narrow; a GPU is given F32.
        Tensor weight = device.equals(Device.CPU) && format != WeightFormat.F32
                ? source.narrow(spec)
                : source.get(spec).value(); // [M, K]
        return FrozenWeight.of(spec.name(), weight, format, device);
    }

    @Override
    public ExpertWeights experts(TensorSpec spec) {
        if (format == WeightFormat.F32 || !(device.equals(Device.CPU) || device.equals(Device.COUNTED))) {
            return Weights.super.experts(spec);
        }
        Tensor weights = device.equals(Device.CPU)
                ? source.narrow(spec)
                : source.get(spec).value(); // [E, M, K]
        List<FrozenWeight> each = new ArrayList<>();
        for (int expert = 0; expert < weights.extent(0); expert++) {
            String name = spec.name() + ", expert " + expert;
            each.add(FrozenWeight.of(name, weights.select(0, expert), format, device));
        }
        return new ExpertWeights.Each(each);
    }

    @Override
    public Var table(TensorSpec spec) {
        Tensor stored = source.narrow(spec);
        return Var.constant((format == WeightFormat.F32 ? stored : stored.to(DType.BF16)).to(device));
    }

    @Override
    public LinearWeight tiedHead(TensorSpec spec, Var table) {
        return linear(spec);
    }
}
