// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd.optim;

import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Backends;
import java.util.List;

/** Plain gradient descent: {@code p −= lr · scale · g}. */
public final class Sgd {
    private final List<Var> parameters;

    public Sgd(List<Var> parameters) {
        this.parameters = List.copyOf(parameters);
    }

    /** One step; parameters without a gradient are left alone. */
    public void step(double learningRate, float gradientScale) {
        for (Var parameter : parameters) {
            parameter.grad().ifPresent(gradient -> {
                Backends.of(parameter.value().device())
                        .elementwise()
                        .addScaled(gradient.contiguous(), (float) (-learningRate * gradientScale), parameter.value());
                parameter.valueChanged();
            });
        }
    }
}
