// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd.optim;

import dev.jacobian.tensor.Tensor;
import java.util.Map;

/**
 * A rule by which gradients change parameters.
 *
 * <p>Implementations are not thread-safe. What they remember can be taken out and put back ({@link #state}, {@link #restore}), so
 * that a resumed run continues with the same bits.
 */
public interface Optimizer {
    /**
     * One step. Parameters without a gradient are left alone.
     *
     * @param gradientScale factor applied to every gradient first, such as {@link GradientClipping.Norm#scale}
     */
    void step(double learningRate, float gradientScale);

    /** Clears the gradients of all parameters. */
    void zeroGrad();

    /** Forgets all that is remembered, and the step count. */
    void reset();

    /** Steps taken since the last reset. */
    long steps();

    /** What is remembered, by name; the tensors are the live ones. */
    Map<String, Tensor> state();

    /**
     * Puts back what {@link #state} and {@link #steps} gave.
     *
     * @throws IllegalArgumentException if something is missing or has the wrong shape
     */
    void restore(Map<String, Tensor> state, long stepsTaken);
}
