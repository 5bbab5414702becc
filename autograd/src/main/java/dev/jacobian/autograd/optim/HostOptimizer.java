// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd.optim;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * An optimizer as plain loops over a parameter's numbers, one parameter after the other: short enough to read beside its paper.
 *
 * <p>Decisions: arithmetic is double, what is remembered F32. Everything happens in Java arrays; a parameter on a device is moved
 * there and back for each step, so such an optimizer is slow on a GPU. {@link AdamW} and {@link Muon} are not.
 */
abstract class HostOptimizer implements Optimizer {
    /** A parameter, its gradient and what is remembered of it. */
    static final class Slot {
        final int rows; // all but the last dimension; 1 for a vector
        final int columns;
        final boolean matrix;
        final double decay; // of the weights
        final Map<String, Tensor> memory = new LinkedHashMap<>();

        private Slot(Parameter parameter, double decay) {
            int rank = parameter.value().shape().rank();
            this.matrix = rank >= 2;
            this.columns = rank == 0 ? 1 : parameter.value().extent(rank - 1);
            this.rows = columns == 0 ? 0 : parameter.value().elements() / columns;
            this.decay = decay;
        }

        int size() {
            return rows * columns;
        }

        /** A remembered tensor, zeros at first. */
        Tensor remember(String name, int... shape) {
            return memory.computeIfAbsent(name, key -> Tensor.zeros(Device.CPU, DType.F32, Shape.of(shape)));
        }
    }

    private final List<Parameter> parameters;
    private final Slot[] slots;
    private long steps;

    HostOptimizer(List<Parameter> parameters, double weightDecay, Predicate<Parameter> decayed) {
        ParameterState.requireNames(parameters);
        this.parameters = List.copyOf(parameters);
        this.slots = new Slot[parameters.size()];
        for (int i = 0; i < slots.length; i++) {
            slots[i] = new Slot(parameters.get(i), decayed.test(parameters.get(i)) ? weightDecay : 0);
        }
    }

    /** Makes what a parameter's state consists of exist, so that it can be restored before the first step. */
    abstract void prepare(Slot slot);

    /**
     * Changes a parameter.
     *
     * @param weights read and written
     * @param gradient may be overwritten
     * @param step from 1
     */
    abstract void update(Slot slot, double[] weights, double[] gradient, double learningRate, long step);

    /** For constructors of implementations. */
    final void prepareAll() {
        for (Slot slot : slots) {
            slot.memory.clear();
            prepare(slot);
        }
    }

    @Override
    public final void step(double learningRate, float gradientScale) {
        steps++;
        for (int i = 0; i < slots.length; i++) {
            Parameter parameter = parameters.get(i);
            if (parameter.grad().isEmpty()) {
                continue;
            }
            double[] weights = widened(parameter.value().toFloatArray());
            double[] gradient = widened(parameter.grad().get().toFloatArray());
            for (int j = 0; j < gradient.length; j++) {
                gradient[j] = (float) (gradient[j] * gradientScale);
            }
            update(slots[i], weights, gradient, learningRate, steps);
            parameter
                    .value()
                    .copyFrom(Tensor.of(
                            narrowed(weights), parameter.value().shape().toArray()));
            parameter.valueChanged();
        }
    }

    private static double[] widened(float[] values) {
        double[] wide = new double[values.length];
        Arrays.setAll(wide, i -> values[i]);
        return wide;
    }

    private static float[] narrowed(double[] values) {
        float[] narrow = new float[values.length];
        for (int i = 0; i < narrow.length; i++) {
            narrow[i] = (float) values[i];
        }
        return narrow;
    }

    /** Root of the mean square. */
    static double rms(double[] values) {
        double squares = 0;
        for (double value : values) {
            squares += value * value;
        }
        return Math.sqrt(squares / values.length);
    }

    @Override
    public final void zeroGrad() {
        parameters.forEach(Parameter::clearGrad);
    }

    @Override
    public final void reset() {
        steps = 0;
        prepareAll();
    }

    @Override
    public final long steps() {
        return steps;
    }

    @Override
    public final Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>();
        for (int i = 0; i < slots.length; i++) {
            String name = parameters.get(i).name();
            slots[i].memory.forEach((key, tensor) -> state.put(key + "." + name, tensor));
        }
        return state;
    }

    @Override
    public final void restore(Map<String, Tensor> state, long stepsTaken) {
        ParameterState.restore(state(), state);
        steps = stepsTaken;
    }
}
