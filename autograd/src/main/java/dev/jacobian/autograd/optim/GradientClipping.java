// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd.optim;

import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Backends;
import java.util.List;

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
    public static Norm measure(List<Var> parameters, double maxNorm) {
        if (!(maxNorm >= 0)) {
            throw new IllegalArgumentException("max norm must not be negative, got " + maxNorm);
        }
        double squares = 0;
        for (Var parameter : parameters) {
            if (parameter.grad().isPresent()) {
                squares += Backends.of(parameter.value().device())
                        .sumOfSquares(parameter.grad().get().contiguous());
            }
        }
        double norm = Math.sqrt(squares);
        return new Norm(norm, maxNorm > 0 ? (float) Math.min(1, maxNorm / (norm + 1e-6)) : 1f);
    }
}
