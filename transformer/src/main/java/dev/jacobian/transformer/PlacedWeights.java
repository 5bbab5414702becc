// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Device;
import dev.jacobian.transformer.plan.TensorSpec;

/** Another source's weights on a device, each moved as it comes, so that there is never more than one of them elsewhere. */
record PlacedWeights(Weights source, Device device) implements Weights {
    @Override
    public boolean isConcurrent() {
        return device.equals(Device.CPU) && source.isConcurrent();
    }

    @Override
    public Var get(TensorSpec spec) {
        Var weight = source.get(spec);
        return device.equals(weight.value().device())
                ? weight
                : Weights.parameter(spec, weight.value().to(device));
    }
}
