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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, 2019), as {@code torch.optim.AdamW} computes it: bias-corrected
 * moments in F32. Decay is applied to every parameter unless it is told which.
 *
 * <p>Not thread-safe. The state can be taken out and put back ({@link #state}, {@link #restore}) so that a resumed run
 * continues with the same bits.
 */
public final class AdamW implements Optimizer {
    private final List<Parameter> parameters;
    private AdamWConfig config;
    private final boolean offload;
    private final boolean[] decays;
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
        this(parameters, config, offload, DecayGroups.everything());
    }

    /**
     * The same with weight decay for some parameters.
     *
     * @param decayed which parameters it is for, such as {@link DecayGroups#decays}
     */
    public AdamW(List<Parameter> parameters, AdamWConfig config, boolean offload, Predicate<Parameter> decayed) {
        ParameterState.requireNames(parameters);
        this.offload = offload;
        this.parameters = List.copyOf(parameters);
        this.config = config;
        this.m = new Tensor[parameters.size()];
        this.v = new Tensor[parameters.size()];
        this.decays = new boolean[parameters.size()];
        for (int i = 0; i < decays.length; i++) {
            decays[i] = decayed.test(parameters.get(i));
        }
        reset();
    }

    /** Other numbers from the next step on; the moments stay. */
    public void configure(AdamWConfig other) {
        config = other;
    }

    /** Forgets all moments and the step count, as online mirror descent does when its anchor moves. */
    @Override
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
    @Override
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
    @Override
    public void step(double learningRate, float gradientScale) {
        steps++;
        double correction1 = 1 - StrictMath.pow(config.beta1(), (double) steps);
        double correction2 = 1 - StrictMath.pow(config.beta2(), (double) steps);
        AdamWStep decaying = new AdamWStep(
                gradientScale,
                (float) (1 - learningRate * config.weightDecay()),
                config.beta1(),
                config.beta2(),
                (float) (learningRate / correction1),
                (float) (1 / Math.sqrt(correction2)),
                (float) config.epsilon());
        step(true, decaying);
        step(
                false,
                new AdamWStep(
                        gradientScale,
                        1f,
                        config.beta1(),
                        config.beta2(),
                        decaying.stepSize(),
                        decaying.inverseRootCorrection(),
                        decaying.epsilon()));
        parameters.stream().filter(parameter -> parameter.grad().isPresent()).forEach(Parameter::valueChanged);
    }

    /**
     * The step of those parameters that decay, or of those that do not; a device does them in one launch, and all in one where nothing
     * decays.
     */
    private void step(boolean decaying, AdamWStep step) {
        Map<Device, List<AdamWTensors>> byDevice = new LinkedHashMap<>();
        for (int i = 0; i < m.length; i++) {
            Parameter parameter = parameters.get(i);
            if ((decays[i] || config.weightDecay() == 0) == decaying
                    && parameter.grad().isPresent()) {
                Tensor gradient = parameter.grad().get();
                byDevice.computeIfAbsent(parameter.value().device(), device -> new ArrayList<>())
                        .add(new AdamWTensors(parameter.value(), gradient, m[i], v[i]));
            }
        }
        byDevice.forEach((device, all) -> Backends.of(device).optimizer().adamW(all, step));
    }

    /** Clears the gradients of all parameters. */
    @Override
    public void zeroGrad() {
        parameters.forEach(Parameter::clearGrad);
    }

    /** First and second moments as {@code m.NAME} and {@code v.NAME}; the tensors are the live ones. */
    @Override
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
    @Override
    public void restore(Map<String, Tensor> state, long stepsTaken) {
        ParameterState.restore(state(), state);
        steps = stepsTaken;
    }
}
