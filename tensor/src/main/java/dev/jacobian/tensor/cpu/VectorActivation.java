// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.reference.Exp;
import jdk.incubator.vector.FloatVector;

/**
 * SwiGLU and its gradients.
 *
 * <p>The loops call nothing but the Vector API and one exponential: two vector exponentials or many small helpers in one
 * method reach the compiler's limit of nodes, and what is then not inlined boxes its vectors.
 */
final class VectorActivation {
    private static final int L = Lanes.COUNT;

    /** How much dearer an element is than an addition. */
    private static final int COST = 8;

    private VectorActivation() {}

    static void swiGlu(Tensor gate, Tensor up, Tensor out) {
        Ranges.run(
                gate.elements(),
                COST,
                (from, to) -> swiGlu(
                        gate.floats(),
                        gate.offset() + from,
                        up.floats(),
                        up.offset() + from,
                        out.floats(),
                        out.offset() + from,
                        to - from));
    }

    private static void swiGlu(float[] gate, int gAt, float[] up, int uAt, float[] out, int oAt, int n) {
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            VectorExp.silu(FloatVector.fromArray(Lanes.FLOATS, gate, gAt + i))
                    .mul(FloatVector.fromArray(Lanes.FLOATS, up, uAt + i))
                    .intoArray(out, oAt + i);
        }
        for (; i < n; i++) {
            out[oAt + i] = Exp.silu(gate[gAt + i]) * up[uAt + i];
        }
    }

    static void swiGluBackward(Tensor dOut, Tensor gate, Tensor up, Tensor dGate, Tensor dUp) {
        Ranges.run(gate.elements(), COST, (from, to) -> backward(dOut, gate, up, dGate, dUp, from, to));
    }

    private static void backward(Tensor dOut, Tensor gate, Tensor up, Tensor dGate, Tensor dUp, int from, int to) {
        float[] ds = dOut.floats();
        float[] gs = gate.floats();
        float[] us = up.floats();
        float[] dgs = dGate.floats();
        float[] dus = dUp.floats();
        int dAt = dOut.offset() + from;
        int gAt = gate.offset() + from;
        int uAt = up.offset() + from;
        int dgAt = dGate.offset() + from;
        int duAt = dUp.offset() + from;
        int n = to - from;
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector z = FloatVector.fromArray(Lanes.FLOATS, gs, gAt + i);
            FloatVector d = FloatVector.fromArray(Lanes.FLOATS, ds, dAt + i);
            FloatVector u = FloatVector.fromArray(Lanes.FLOATS, us, uAt + i);
            FloatVector one = FloatVector.broadcast(Lanes.FLOATS, 1f);
            FloatVector sigmoid = one.div(VectorExp.exp(z.neg()).add(one));
            FloatVector slope = sigmoid.mul(z.fma(one.sub(sigmoid), one));
            d.mul(z.mul(sigmoid)).intoArray(dus, duAt + i);
            d.mul(u).mul(slope).intoArray(dgs, dgAt + i);
        }
        for (; i < n; i++) {
            float z = gs[gAt + i];
            float d = ds[dAt + i];
            float sigmoid = 1f / (1f + Exp.exp(-z));
            float slope = sigmoid * Math.fma(z, 1f - sigmoid, 1f);
            dus[duAt + i] = d * (z * sigmoid);
            dgs[dgAt + i] = d * us[uAt + i] * slope;
        }
    }
}
