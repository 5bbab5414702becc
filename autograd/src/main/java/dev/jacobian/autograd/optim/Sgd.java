// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd.optim;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.ElementwiseKernels;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Gradient descent as {@code torch.optim.SGD} computes it: {@code p −= lr · scale · g}, with a momentum if one is asked for.
 *
 * <p>With momentum μ and g the scaled gradient plus decay · p: {@code b = μ b + (1 − dampening) g} (g itself at the first step),
 * and {@code p −= lr · b}, or {@code lr · (g + μ b)} with Nesterov's.
 */
public final class Sgd implements Optimizer {
    /** Hyper-parameters; the defaults of torch are 0 and false. */
    public record Settings(double momentum, double dampening, boolean nesterov, double weightDecay) {
        /** Plain descent. */
        public static final Settings PLAIN = new Settings(0, 0, false, 0);

        public Settings {
            if (!(momentum >= 0) || !(weightDecay >= 0)) {
                throw new IllegalArgumentException(
                        "momentum and weight decay must not be negative, got " + momentum + " and " + weightDecay);
            }
            if (nesterov && !(momentum > 0 && dampening == 0)) {
                throw new IllegalArgumentException("nesterov needs a momentum and no dampening");
            }
        }
    }

    private final List<Parameter> parameters;
    private final Settings settings;
    private final double[] decays;
    private final List<Tensor> buffers = new ArrayList<>(); // empty without momentum
    private long steps;

    /** Plain descent. */
    public Sgd(List<Parameter> parameters) {
        this(parameters, Settings.PLAIN, parameter -> true);
    }

    /** @param decayed which parameters the weight decay is for */
    public Sgd(List<Parameter> parameters, Settings settings, Predicate<Parameter> decayed) {
        ParameterState.requireNames(parameters);
        this.parameters = List.copyOf(parameters);
        this.settings = settings;
        this.decays = parameters.stream()
                .mapToDouble(parameter -> decayed.test(parameter) ? settings.weightDecay() : 0)
                .toArray();
        reset();
    }

    @Override
    public void step(double learningRate, float gradientScale) {
        steps++;
        for (int i = 0; i < decays.length; i++) {
            Parameter parameter = parameters.get(i);
            if (parameter.grad().isPresent()) {
                update(i, parameter.value(), parameter.grad().get(), learningRate, gradientScale);
                parameter.valueChanged();
            }
        }
    }

    private void update(int i, Tensor value, Tensor gradient, double learningRate, float scale) {
        ElementwiseKernels kernels = Backends.of(value.device()).elementwise();
        double mu = settings.momentum();
        if (mu > 0) {
            Tensor buffer = buffers.get(i);
            double fresh = steps == 1 ? 1 : 1 - settings.dampening();
            kernels.scale(buffer, (float) mu, buffer);
            kernels.addScaled(gradient, (float) (fresh * scale), buffer);
            if (decays[i] > 0) {
                kernels.addScaled(value, (float) (fresh * decays[i]), buffer);
            }
        }
        boolean gradientItself = mu == 0 || settings.nesterov();
        if (gradientItself && decays[i] > 0) {
            kernels.scale(value, (float) (1 - learningRate * decays[i]), value);
        }
        if (gradientItself) {
            kernels.addScaled(gradient, (float) (-learningRate * scale), value);
        }
        if (mu > 0) {
            kernels.addScaled(buffers.get(i), (float) (-learningRate * (settings.nesterov() ? mu : 1)), value);
        }
    }

    @Override
    public void zeroGrad() {
        parameters.forEach(Parameter::clearGrad);
    }

    @Override
    public void reset() {
        steps = 0;
        buffers.clear();
        if (settings.momentum() > 0) {
            for (Parameter parameter : parameters) {
                buffers.add(Tensor.zeros(
                        parameter.value().device(), DType.F32, parameter.value().shape()));
            }
        }
    }

    @Override
    public long steps() {
        return steps;
    }

    @Override
    public Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>();
        for (int i = 0; i < buffers.size(); i++) {
            state.put("momentum." + parameters.get(i).name(), buffers.get(i));
        }
        return state;
    }

    @Override
    public void restore(Map<String, Tensor> state, long stepsTaken) {
        ParameterState.restore(state(), state);
        steps = stepsTaken;
    }
}
