// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd.optim;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.tensor.Tensor;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** What all optimizers' state has in common: it is kept by the parameters' names. */
final class ParameterState {
    private ParameterState() {}

    static void requireNames(List<Parameter> parameters) {
        Set<String> names = new HashSet<>();
        for (Parameter parameter : parameters) {
            if (!names.add(parameter.name())) {
                throw new IllegalArgumentException("two parameters are named '" + parameter.name()
                        + "'; the optimizer keeps its state by name, so give each its own");
            }
        }
    }

    /** Copies saved tensors into live ones, all or none. */
    static void restore(Map<String, Tensor> live, Map<String, Tensor> saved) {
        live.forEach((name, target) -> {
            Tensor source = saved.get(name);
            if (source == null || !source.shape().equals(target.shape())) {
                throw new IllegalArgumentException("optimizer state '" + name + "' is "
                        + (source == null ? "missing" : "of shape " + source.shape()) + ", expected " + target.shape()
                        + "; the checkpoint belongs to another model or optimizer");
            }
        });
        live.forEach((name, target) -> target.copyFrom(Objects.requireNonNull(saved.get(name))));
    }
}
