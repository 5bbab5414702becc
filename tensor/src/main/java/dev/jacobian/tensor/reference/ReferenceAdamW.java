// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import dev.jacobian.tensor.AdamWStep;
import dev.jacobian.tensor.OptimizerKernels;
import dev.jacobian.tensor.Tensor;

/** One AdamW step, elementwise. */
final class ReferenceAdamW implements OptimizerKernels {
    @Override
    public void adamW(Tensor parameter, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
        float[] p = parameter.floats();
        float rest1 = (float) (1 - step.beta1());
        float beta2 = (float) step.beta2();
        float rest2 = (float) (1 - step.beta2());
        for (int i = 0; i < parameter.elements(); i++) {
            float g = gradient.floats()[gradient.offset() + i] * step.gradientScale();
            int mAt = m.offset() + i;
            int vAt = v.offset() + i;
            int pAt = parameter.offset() + i;
            float m1 = Math.fma(g - m.floats()[mAt], rest1, m.floats()[mAt]);
            float v1 = Math.fma(rest2 * g, g, beta2 * v.floats()[vAt]);
            m.floats()[mAt] = m1;
            v.floats()[vAt] = v1;
            float denominator = Math.fma((float) Math.sqrt(v1), step.inverseRootCorrection(), step.epsilon());
            p[pAt] = p[pAt] * step.decay() - step.stepSize() * m1 / denominator;
        }
    }
}
