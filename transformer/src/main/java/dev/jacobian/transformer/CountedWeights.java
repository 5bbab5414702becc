// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.ExpertWeights;
import dev.jacobian.autograd.FrozenWeight;
import dev.jacobian.autograd.LinearWeight;
import dev.jacobian.autograd.LowRankWeight;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.plan.TensorSpec;

/** Weights on {@link Device#COUNTED}: a model made of them has its shapes and takes next to no memory. */
final class CountedWeights implements Weights {
    private final Weights held;
    private final Device device;
    private long bytes;
    private long largest; // bytes of a single tensor in F32

    /**
     * Weights as a model holds them that is loaded in formats.
     *
     * @param device that it is loaded for
     */
    CountedWeights(WeightFormats formats, Device device) {
        this(formats, device, formats.areTrainable());
    }

    private CountedWeights(WeightFormats formats, Device device, boolean trained) {
        this.device = device;
        this.held = trained ? this::read : new FrozenWeights(this::read, formats, Device.COUNTED);
    }

    /** Weights as a model holds them that has an adapter. */
    static CountedWeights frozen(WeightFormats formats, Device device) {
        return new CountedWeights(formats, device, false);
    }

    /** Stands for the tensor of a checkpoint, in F32. */
    private Parameter read(TensorSpec spec) {
        Tensor value = Tensor.zeros(Device.COUNTED, DType.F32, Shape.of(spec.shape()));
        largest = Math.max(largest, bytes(value));
        return Weights.parameter(spec, value);
    }

    /** Bytes of all weights, without copies that products make for themselves. */
    long bytes() {
        return bytes;
    }

    /** Bytes that the largest tensor has in F32, the type in which a checkpoint is read. */
    long largest() {
        return largest;
    }

    @Override
    public Var get(TensorSpec spec) {
        return (Var) counted(held.get(spec));
    }

    @Override
    public LinearWeight linear(TensorSpec spec) {
        return counted(held.linear(spec));
    }

    @Override
    public Var table(TensorSpec spec) {
        return (Var) counted(held.table(spec));
    }

    @Override
    public LinearWeight tiedHead(TensorSpec spec, Var table) {
        LinearWeight head = held.tiedHead(spec, table);
        return head == table ? head : counted(head);
    }

    @Override
    public ExpertWeights experts(TensorSpec spec) {
        ExpertWeights own = device.equals(Device.CPU) ? held.experts(spec) : new ExpertWeights.Together(held.get(spec));
        switch (own) {
            case ExpertWeights.Together together -> counted(together.weights());
            case ExpertWeights.Each each -> each.weights().forEach(this::counted);
        }
        return own;
    }

    private LinearWeight counted(LinearWeight weight) {
        bytes += switch (weight) {
            case FrozenWeight frozen -> frozen.packed().bytes();
            case LowRankWeight changed -> throw new IllegalStateException("a base model has no low-rank weights");
            case Var dense -> bytes(dense.value());
        };
        return weight;
    }

    private static long bytes(Tensor tensor) {
        return (long) tensor.elements() * tensor.dtype().bytes();
    }
}
