// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.AdamWStep;
import dev.jacobian.tensor.OptimizerKernels;
import dev.jacobian.tensor.Tensor;
import jdk.incubator.vector.FloatVector;

/** One AdamW step, elementwise. */
final class VectorAdamW implements OptimizerKernels {
    private static final int L = Lanes.COUNT;

    @Override
    public void adamW(Tensor parameter, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
        Ranges.run(
                parameter.elements(),
                4,
                (from, to) -> update(
                        parameter.floats(),
                        parameter.offset() + from,
                        gradient.floats(),
                        gradient.offset() + from,
                        m.floats(),
                        m.offset() + from,
                        v.floats(),
                        v.offset() + from,
                        to - from,
                        step));
    }

    private static void update(
            float[] p, int pAt, float[] g, int gAt, float[] m, int mAt, float[] v, int vAt, int n, AdamWStep step) {
        float gradientScale = step.gradientScale();
        float decay = step.decay();
        float rest1 = (float) (1 - step.beta1());
        float beta2 = (float) step.beta2();
        float rest2 = (float) (1 - step.beta2());
        float stepSize = step.stepSize();
        float correction = step.inverseRootCorrection();
        float epsilon = step.epsilon();
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector gs = FloatVector.fromArray(Lanes.FLOATS, g, gAt + i).mul(gradientScale);
            FloatVector m0 = FloatVector.fromArray(Lanes.FLOATS, m, mAt + i);
            FloatVector v0 = FloatVector.fromArray(Lanes.FLOATS, v, vAt + i);
            FloatVector m1 = gs.sub(m0).fma(FloatVector.broadcast(Lanes.FLOATS, rest1), m0);
            FloatVector v1 = gs.mul(rest2).fma(gs, v0.mul(beta2));
            m1.intoArray(m, mAt + i);
            v1.intoArray(v, vAt + i);
            FloatVector denominator = v1.sqrt().fma(correction, epsilon);
            FloatVector ps = FloatVector.fromArray(Lanes.FLOATS, p, pAt + i);
            ps.mul(decay).sub(m1.mul(stepSize).div(denominator)).intoArray(p, pAt + i);
        }
        for (; i < n; i++) {
            float gs = g[gAt + i] * gradientScale;
            float m1 = Math.fma(gs - m[mAt + i], rest1, m[mAt + i]);
            float v1 = Math.fma(rest2 * gs, gs, beta2 * v[vAt + i]);
            m[mAt + i] = m1;
            v[vAt + i] = v1;
            float denominator = Math.fma((float) Math.sqrt(v1), correction, epsilon);
            p[pAt + i] = p[pAt + i] * decay - stepSize * m1 / denominator;
        }
    }
}
