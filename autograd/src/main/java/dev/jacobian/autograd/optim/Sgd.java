// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd.optim;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.tensor.Backends;
import java.util.List;

/** Plain gradient descent: {@code p −= lr · scale · g}. */
public final class Sgd {
    private final List<Parameter> parameters;

    public Sgd(List<Parameter> parameters) {
        this.parameters = List.copyOf(parameters);
    }

    /** One step; parameters without a gradient are left alone. */
    public void step(double learningRate, float gradientScale) {
        for (Parameter parameter : parameters) {
            parameter.grad().ifPresent(gradient -> {
                Backends.of(parameter.value().device())
                        .elementwise()
                        .addScaled(gradient, (float) (-learningRate * gradientScale), parameter.value());
                parameter.valueChanged();
            });
        }
    }
}
