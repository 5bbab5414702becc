// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd.optim;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;

/**
 * Muon (Jordan, 2024) as {@code torch.optim.Muon} computes it: the momentum of a matrix, with its singular values brought near 1,
 * is the step.
 *
 * <p>b += (1 − μ)(g − b); X = b, or g + μ(b − g) with Nesterov's; X/‖X‖, then a few times X = aX + (bA + cA²)X with A = XXᵀ (Newton and
 * Schulz); p −= lr·decay·p; p −= lr · √max(1, rows/columns) · X.
 *
 * <p>Decisions: only for matrices; {@link Mixed} takes another optimizer for the rest, to which embeddings and heads belong too. The
 * iteration runs in F32 with the products of the parameter's device. torch runs it in BF16 whatever the parameters are, which moves the
 * weights by some 1e-4 after a few steps; that is noise, not part of the method.
 */
public final class Muon implements Optimizer {
    /**
     * Hyper-parameters.
     *
     * @param iterations of Newton and Schulz
     * @param matchRms multiply by 0.2·√max(rows, columns) instead, so that AdamW's learning rates do
     */
    public record Settings(double momentum, boolean nesterov, int iterations, boolean matchRms, double weightDecay) {
        /** torch's, but without weight decay. */
        public static final Settings DEFAULT = new Settings(0.95, true, 5, false, 0);
    }

    private static final float A = 3.4445f;
    private static final float B = -4.7750f;
    private static final float C = 2.0315f;
    private static final double EPSILON = 1e-7;

    private final List<Parameter> parameters;
    private final Settings settings;
    private final Predicate<Parameter> decayed;
    private final Map<String, Tensor> momenta = new LinkedHashMap<>();
    private long steps;

    /**
     * @param parameters matrices
     * @param decayed which of them the weight decay is for
     */
    public Muon(List<Parameter> parameters, Settings settings, Predicate<Parameter> decayed) {
        ParameterState.requireNames(parameters);
        this.parameters = List.copyOf(parameters);
        this.settings = settings;
        this.decayed = decayed;
        for (Parameter parameter : parameters) {
            if (parameter.value().rank() != 2) {
                throw new IllegalArgumentException("Muon steps matrices; '" + parameter.name() + "' has shape "
                        + parameter.value().shape() + ", give it to another optimizer (Mixed)");
            }
        }
        reset();
    }

    @Override
    public void step(double learningRate, float gradientScale) {
        steps++;
        for (Parameter parameter : parameters) {
            parameter.grad().ifPresent(gradient -> {
                update(parameter, gradient, learningRate, gradientScale);
                parameter.valueChanged();
            });
        }
    }

    private void update(Parameter parameter, Tensor gradient, double learningRate, float scale) {
        Tensor value = parameter.value(); // [R, C]
        Backend backend = Backends.of(value.device());
        Tensor momentum = Objects.requireNonNull(momenta.get("momentum." + parameter.name())); // [R, C]
        float mu = (float) settings.momentum();
        backend.elementwise().scale(momentum, mu, momentum);
        backend.elementwise().addScaled(gradient, (1 - mu) * scale, momentum);
        Tensor direction = momentum.copy(); // [R, C]
        if (settings.nesterov()) {
            backend.elementwise().scale(direction, mu, direction);
            backend.elementwise().addScaled(gradient, (1 - mu) * scale, direction);
        }
        Tensor step = orthogonalized(backend, direction); // [R, C]
        double rows = value.extent(0);
        double columns = value.extent(1);
        double factor =
                settings.matchRms() ? 0.2 * Math.sqrt(Math.max(rows, columns)) : Math.sqrt(Math.max(1, rows / columns));
        if (settings.weightDecay() > 0 && decayed.test(parameter)) {
            backend.elementwise().scale(value, (float) (1 - learningRate * settings.weightDecay()), value);
        }
        backend.elementwise().addScaled(step, (float) (-learningRate * factor), value);
    }

    /** The iteration, on the smaller side of the matrix. */
    private Tensor orthogonalized(Backend backend, Tensor matrix) {
        boolean tall = matrix.extent(0) > matrix.extent(1);
        Tensor x = tall ? matrix.t().contiguous() : matrix; // [S, L]
        double norm = Math.sqrt(backend.elementwise().sumOfSquares(x));
        backend.elementwise().scale(x, (float) (1 / Math.max(norm, EPSILON)), x);
        int side = x.extent(0);
        Tensor gram = Tensor.zeros(x.device(), DType.F32, Shape.of(side, side)); // [S, S]
        Tensor powers = gram.copy(); // [S, S]
        Tensor product = x.copy(); // [S, L]
        for (int i = 0; i < settings.iterations(); i++) {
            backend.matrices().matmul(x, x.t(), gram, false);
            backend.matrices().matmul(gram, gram, powers, false);
            backend.elementwise().scale(powers, C, powers);
            backend.elementwise().addScaled(gram, B, powers);
            backend.matrices().matmul(powers, x, product, false);
            backend.elementwise().scale(x, A, x);
            backend.elementwise().add(x, product, x);
        }
        return tall ? x.t().contiguous() : x;
    }

    @Override
    public void zeroGrad() {
        parameters.forEach(Parameter::clearGrad);
    }

    @Override
    public void reset() {
        steps = 0;
        for (Parameter parameter : parameters) {
            momenta.put(
                    "momentum." + parameter.name(),
                    Tensor.zeros(
                            parameter.value().device(),
                            DType.F32,
                            parameter.value().shape()));
        }
    }

    @Override
    public long steps() {
        return steps;
    }

    @Override
    public Map<String, Tensor> state() {
        return new LinkedHashMap<>(momenta);
    }

    @Override
    public void restore(Map<String, Tensor> state, long stepsTaken) {
        ParameterState.restore(state(), state);
        steps = stepsTaken;
    }
}
