// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd.optim;

import dev.jacobian.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Two optimizers as one, each with parameters of its own: {@link Muon} for matrices and {@link AdamW} for what is none.
 *
 * @param first of some parameters
 * @param second of the others
 */
public record Mixed(Optimizer first, Optimizer second) implements Optimizer {
    @Override
    public void step(double learningRate, float gradientScale) {
        first.step(learningRate, gradientScale);
        second.step(learningRate, gradientScale);
    }

    @Override
    public void zeroGrad() {
        first.zeroGrad();
        second.zeroGrad();
    }

    @Override
    public void reset() {
        first.reset();
        second.reset();
    }

    @Override
    public long steps() {
        return first.steps();
    }

    @Override
    public Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>(first.state());
        state.putAll(second.state());
        return state;
    }

    @Override
    public void restore(Map<String, Tensor> state, long stepsTaken) {
        first.restore(state, stepsTaken);
        second.restore(state, stepsTaken);
    }
}
