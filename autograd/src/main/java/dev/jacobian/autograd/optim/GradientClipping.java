// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd.optim;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Clipping by the global norm, as {@code torch.nn.utils.clip_grad_norm_} does it. */
public final class GradientClipping {
    private GradientClipping() {}

    /**
     * The global gradient norm and what to scale by.
     *
     * @param norm Euclidean norm over all gradients
     * @param scale min(1, maxNorm / (norm + 1e-6)), or 1 without a limit
     */
    public record Norm(double norm, float scale) {}

    /**
     * Measures the norm; the optimizer applies the scale, so gradients are read once less.
     *
     * @param maxNorm limit; 0 for none
     */
    public static Norm measure(List<Parameter> parameters, double maxNorm) {
        if (!(maxNorm >= 0)) {
            throw new IllegalArgumentException("max norm must not be negative, got " + maxNorm);
        }
        Map<Device, List<Tensor>> byDevice = new LinkedHashMap<>();
        for (Parameter parameter : parameters) {
            parameter
                    .grad()
                    .ifPresent(gradient -> byDevice.computeIfAbsent(gradient.device(), device -> new ArrayList<>())
                            .add(gradient));
        }
        double squares = 0;
        for (Map.Entry<Device, List<Tensor>> gradients : byDevice.entrySet()) {
            squares += Backends.of(gradients.getKey()).elementwise().sumOfSquares(gradients.getValue());
        }
        double norm = Math.sqrt(squares);
        return new Norm(norm, maxNorm > 0 ? (float) Math.min(1, maxNorm / (norm + 1e-6)) : 1f);
    }
}
