// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd.optim;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.tensor.AdamWStep;
import dev.jacobian.tensor.AdamWTensors;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, 2019), as {@code torch.optim.AdamW} computes it: bias-corrected
 * moments in F32, decay applied to every parameter.
 *
 * <p>Not thread-safe. The state can be taken out and put back ({@link #state}, {@link #restore}) so that a resumed run
 * continues with the same bits.
 */
public final class AdamW {
    private final List<Parameter> parameters;
    private final AdamWConfig config;
    private final boolean offload;
    private final Tensor[] m;
    private final Tensor[] v;
    private long steps;

    /** An optimizer whose moments lie beside the parameters. */
    public AdamW(List<Parameter> parameters, AdamWConfig config) {
        this(parameters, config, false);
    }

    /**
     * An optimizer whose moments may lie in the host's memory.
     *
     * @param offload keep the moments of parameters on a device in Java arrays and move them there and back for each step,
     *     some while others are updated: 8 bytes of device memory less for each trained number, for as many moved twice. The
     *     bits are the same
     */
    public AdamW(List<Parameter> parameters, AdamWConfig config, boolean offload) {
        this.offload = offload;
        this.parameters = List.copyOf(parameters);
        this.config = config;
        this.m = new Tensor[parameters.size()];
        this.v = new Tensor[parameters.size()];
        Set<String> names = new HashSet<>();
        for (Parameter parameter : parameters) {
            if (!names.add(parameter.name())) {
                throw new IllegalArgumentException("two parameters are named '" + parameter.name()
                        + "'; the optimizer keeps its state by name, so give each its own");
            }
        }
        reset();
    }

    /** Forgets all moments and the step count, as online mirror descent does when its anchor moves. */
    public void reset() {
        steps = 0;
        for (int i = 0; i < m.length; i++) {
            m[i] = zerosLike(parameters.get(i));
            v[i] = zerosLike(parameters.get(i));
        }
    }

    private Tensor zerosLike(Parameter parameter) {
        Device place = offload ? Device.CPU : parameter.value().device();
        return Tensor.zeros(place, DType.F32, parameter.value().shape());
    }

    /** Steps taken since the last reset. */
    public long steps() {
        return steps;
    }

    /** One step with the accumulated gradients as they are. */
    public void step(double learningRate) {
        step(learningRate, 1f);
    }

    /**
     * One step. Parameters without a gradient are left alone.
     *
     * @param gradientScale factor applied to every gradient first, such as {@link GradientClipping.Norm#scale}
     */
    public void step(double learningRate, float gradientScale) {
        steps++;
        double correction1 = 1 - StrictMath.pow(config.beta1(), (double) steps);
        double correction2 = 1 - StrictMath.pow(config.beta2(), (double) steps);
        AdamWStep step = new AdamWStep(
                gradientScale,
                (float) (1 - learningRate * config.weightDecay()),
                config.beta1(),
                config.beta2(),
                (float) (learningRate / correction1),
                (float) (1 / Math.sqrt(correction2)),
                (float) config.epsilon());
        Map<Device, List<AdamWTensors>> byDevice = new LinkedHashMap<>();
        for (int i = 0; i < m.length; i++) {
            Parameter parameter = parameters.get(i);
            if (parameter.grad().isPresent()) {
                Tensor gradient = parameter.grad().get();
                byDevice.computeIfAbsent(parameter.value().device(), device -> new ArrayList<>())
                        .add(new AdamWTensors(parameter.value(), gradient, m[i], v[i]));
            }
        }
        byDevice.forEach((device, all) -> Backends.of(device).optimizer().adamW(all, step));
        parameters.stream().filter(parameter -> parameter.grad().isPresent()).forEach(Parameter::valueChanged);
    }

    /** Clears the gradients of all parameters. */
    public void zeroGrad() {
        parameters.forEach(Parameter::clearGrad);
    }

    /** First and second moments as {@code m.NAME} and {@code v.NAME}; the tensors are the live ones. */
    public Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>();
        for (int i = 0; i < m.length; i++) {
            state.put("m." + parameters.get(i).name(), m[i]);
            state.put("v." + parameters.get(i).name(), v[i]);
        }
        return state;
    }

    /**
     * Puts back what {@link #state} and {@link #steps} gave.
     *
     * @throws IllegalArgumentException if a moment is missing or has the wrong shape
     */
    public void restore(Map<String, Tensor> state, long stepsTaken) {
        state().forEach((name, target) -> {
            Tensor saved = state.get(name);
            if (saved == null || !saved.shape().equals(target.shape())) {
                throw new IllegalArgumentException("optimizer state '" + name + "' is "
                        + (saved == null ? "missing" : "of shape " + saved.shape()) + ", expected " + target.shape()
                        + "; the checkpoint belongs to another model");
            }
        });
        state().forEach((name, target) -> target.copyFrom(Objects.requireNonNull(state.get(name))));
        steps = stepsTaken;
    }
}
