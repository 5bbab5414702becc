// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.ActivationKernels;
import dev.jacobian.tensor.GeluForm;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cpu.Scratch.Slot;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/** Sigmoid, SiLU, the square of ReLU, SwiGLU, GELU, GeGLU and their gradients, a chunk of the first-level cache at a time. */
final class VectorActivation implements ActivationKernels {
    private static final int L = Lanes.COUNT;

    /** How much dearer an element is than an addition. */
    private static final int COST = 8;

    private static final float[] ONES = new float[VectorExp.CHUNK];

    static {
        Arrays.fill(ONES, 1f);
    }

    @Override
    public void sigmoid(Tensor x, Tensor out) {
        Ranges.run(x.elements(), COST, (from, to) -> {
            for (int i = from; i < to; i += VectorExp.CHUNK) {
                int n = Math.min(VectorExp.CHUNK, to - i);
                VectorExp.logistic(ONES, 0, x.floats(), x.offset() + i, n, out.floats(), out.offset() + i);
            }
        });
    }

    @Override
    public void sigmoidBackward(Tensor dOut, Tensor out, Tensor dX) {
        Ranges.run(
                out.elements(),
                1,
                (from, to) -> sigmoidBackward(
                        dOut.floats(),
                        dOut.offset() + from,
                        out.floats(),
                        out.offset() + from,
                        dX.floats(),
                        dX.offset() + from,
                        to - from));
    }

    private static void sigmoidBackward(float[] dOut, int dAt, float[] out, int oAt, float[] dX, int xAt, int n) {
        FloatVector one = FloatVector.broadcast(Lanes.FLOATS, 1f);
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector y = FloatVector.fromArray(Lanes.FLOATS, out, oAt + i);
            FloatVector.fromArray(Lanes.FLOATS, dOut, dAt + i)
                    .mul(y.mul(one.sub(y)))
                    .intoArray(dX, xAt + i);
        }
        for (; i < n; i++) {
            float y = out[oAt + i];
            dX[xAt + i] = dOut[dAt + i] * (y * (1f - y));
        }
    }

    @Override
    public void silu(Tensor x, Tensor out) {
        Ranges.run(
                x.elements(),
                COST,
                (from, to) -> VectorExp.logistic(
                        x.floats(),
                        x.offset() + from,
                        x.floats(),
                        x.offset() + from,
                        to - from,
                        out.floats(),
                        out.offset() + from));
    }

    @Override
    public void siluBackward(Tensor dOut, Tensor x, Tensor dX) {
        Ranges.run(x.elements(), COST, (from, to) -> {
            float[] sigmoids = Scratch.current().get(Slot.EXPONENTIALS, VectorExp.CHUNK);
            for (int i = from; i < to; i += VectorExp.CHUNK) {
                int n = Math.min(VectorExp.CHUNK, to - i);
                VectorExp.logistic(ONES, 0, x.floats(), x.offset() + i, n, sigmoids, 0);
                siluBackward(
                        dOut.floats(),
                        dOut.offset() + i,
                        x.floats(),
                        x.offset() + i,
                        sigmoids,
                        dX.floats(),
                        dX.offset() + i,
                        n);
            }
        });
    }

    private static void siluBackward(
            float[] dOut, int dAt, float[] x, int xAt, float[] sigmoids, float[] dX, int to, int n) {
        FloatVector one = FloatVector.broadcast(Lanes.FLOATS, 1f);
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector z = FloatVector.fromArray(Lanes.FLOATS, x, xAt + i);
            FloatVector sigmoid = FloatVector.fromArray(Lanes.FLOATS, sigmoids, i);
            FloatVector.fromArray(Lanes.FLOATS, dOut, dAt + i)
                    .mul(sigmoid.mul(z.fma(one.sub(sigmoid), one)))
                    .intoArray(dX, to + i);
        }
        for (; i < n; i++) {
            float z = x[xAt + i];
            dX[to + i] = dOut[dAt + i] * (sigmoids[i] * Math.fma(z, 1f - sigmoids[i], 1f));
        }
    }

    @Override
    public void squaredRelu(Tensor x, Tensor out) {
        Ranges.run(
                x.elements(),
                1,
                (from, to) -> squaredRelu(x.floats(), x.offset() + from, out.floats(), out.offset() + from, to - from));
    }

    private static void squaredRelu(float[] x, int xAt, float[] out, int oAt, int n) {
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector r = FloatVector.fromArray(Lanes.FLOATS, x, xAt + i).max(0f);
            r.mul(r).intoArray(out, oAt + i);
        }
        for (; i < n; i++) {
            float r = Math.max(x[xAt + i], 0f);
            out[oAt + i] = r * r;
        }
    }

    @Override
    public void squaredReluBackward(Tensor dOut, Tensor x, Tensor dX) {
        Ranges.run(
                x.elements(),
                1,
                (from, to) -> squaredReluBackward(
                        dOut.floats(),
                        dOut.offset() + from,
                        x.floats(),
                        x.offset() + from,
                        dX.floats(),
                        dX.offset() + from,
                        to - from));
    }

    private static void squaredReluBackward(float[] dOut, int dAt, float[] x, int xAt, float[] dX, int to, int n) {
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector r = FloatVector.fromArray(Lanes.FLOATS, x, xAt + i).max(0f);
            FloatVector.fromArray(Lanes.FLOATS, dOut, dAt + i).mul(r.mul(2f)).intoArray(dX, to + i);
        }
        for (; i < n; i++) {
            dX[to + i] = dOut[dAt + i] * (2f * Math.max(x[xAt + i], 0f));
        }
    }

    @Override
    public void swiGlu(Tensor gate, Tensor up, Tensor out) {
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
        float[] silus = Scratch.current().get(Slot.EXPONENTIALS, VectorExp.CHUNK);
        for (int i = 0; i < n; i += VectorExp.CHUNK) {
            int size = Math.min(VectorExp.CHUNK, n - i);
            VectorExp.logistic(gate, gAt + i, gate, gAt + i, size, silus, 0);
            VectorElementwise.multiply(silus, 0, up, uAt + i, out, oAt + i, size);
        }
    }

    @Override
    public void swiGluBackward(Tensor dOut, Tensor gate, Tensor up, Tensor dGate, Tensor dUp) {
        Ranges.run(gate.elements(), COST, (from, to) -> {
            float[] sigmoids = Scratch.current().get(Slot.EXPONENTIALS, VectorExp.CHUNK);
            for (int i = from; i < to; i += VectorExp.CHUNK) {
                int end = Math.min(to, i + VectorExp.CHUNK);
                VectorExp.logistic(ONES, 0, gate.floats(), gate.offset() + i, end - i, sigmoids, 0);
                backward(dOut, gate, up, sigmoids, dGate, dUp, i, end);
            }
        });
    }

    private static void backward(
            Tensor dOut, Tensor gate, Tensor up, float[] sigmoids, Tensor dGate, Tensor dUp, int from, int to) {
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
            FloatVector sigmoid = FloatVector.fromArray(Lanes.FLOATS, sigmoids, i);
            FloatVector slope = sigmoid.mul(z.fma(one.sub(sigmoid), one));
            d.mul(z.mul(sigmoid)).intoArray(dus, duAt + i);
            d.mul(u).mul(slope).intoArray(dgs, dgAt + i);
        }
        for (; i < n; i++) {
            float z = gs[gAt + i];
            float d = ds[dAt + i];
            float sigmoid = sigmoids[i];
            float slope = sigmoid * Math.fma(z, 1f - sigmoid, 1f);
            dus[duAt + i] = d * (z * sigmoid);
            dgs[dgAt + i] = d * us[uAt + i] * slope;
        }
    }

    @Override
    public void clampedSwiGlu(Tensor gate, Tensor up, Tensor out) {
        Ranges.run(gate.elements(), COST, (from, to) -> {
            Clamped clamped = Clamped.current();
            for (int i = from; i < to; i += VectorExp.CHUNK) {
                int n = Math.min(VectorExp.CHUNK, to - i);
                clamped.clamp(gate, i, n);
                VectorExp.logistic(clamped.gates, 0, clamped.scaled, 0, n, clamped.sigmoids, 0);
                clampedSwiGlu(clamped, up.floats(), up.offset() + i, out.floats(), out.offset() + i, n);
            }
        });
    }

    private static void clampedSwiGlu(Clamped clamped, float[] up, int uAt, float[] out, int oAt, int n) {
        for (int i = 0; i < n; i++) {
            out[oAt + i] = (Math.min(Math.max(up[uAt + i], -CLAMP), CLAMP) + 1f) * clamped.sigmoids[i];
        }
    }

    @Override
    public void clampedSwiGluBackward(Tensor dOut, Tensor gate, Tensor up, Tensor dGate, Tensor dUp) {
        Ranges.run(gate.elements(), COST, (from, to) -> {
            Clamped clamped = Clamped.current();
            for (int i = from; i < to; i += VectorExp.CHUNK) {
                int n = Math.min(VectorExp.CHUNK, to - i);
                clamped.clamp(gate, i, n);
                VectorExp.logistic(ONES, 0, clamped.scaled, 0, n, clamped.sigmoids, 0);
                backward(dOut, gate, up, clamped, dGate, dUp, i, n);
            }
        });
    }

    private static void backward(
            Tensor dOut, Tensor gate, Tensor up, Clamped clamped, Tensor dGate, Tensor dUp, int from, int n) {
        for (int i = 0; i < n; i++) {
            float z = gate.floats()[gate.offset() + from + i];
            float y = up.floats()[up.offset() + from + i];
            float d = dOut.floats()[dOut.offset() + from + i];
            float sigmoid = clamped.sigmoids[i];
            float slope = sigmoid * Math.fma(clamped.scaled[i], 1f - sigmoid, 1f);
            float u = Math.min(Math.max(y, -CLAMP), CLAMP);
            dUp.floats()[dUp.offset() + from + i] = Math.abs(y) > CLAMP ? 0f : d * (clamped.gates[i] * sigmoid);
            dGate.floats()[dGate.offset() + from + i] = z > CLAMP ? 0f : d * (u + 1f) * slope;
        }
    }

    /** A chunk of clamped gates, what they are multiplied by before the sigmoid, and room for the sigmoid. */
    private record Clamped(float[] gates, float[] scaled, float[] sigmoids) {
        static Clamped current() {
            Scratch scratch = Scratch.current();
            return new Clamped(
                    scratch.get(Slot.TILE, VectorExp.CHUNK),
                    scratch.get(Slot.SLOPES, VectorExp.CHUNK),
                    scratch.get(Slot.EXPONENTIALS, VectorExp.CHUNK));
        }

        void clamp(Tensor gate, int from, int n) {
            float[] gs = gate.floats();
            int at = gate.offset() + from;
            for (int i = 0; i < n; i++) {
                float g = Math.min(gs[at + i], CLAMP);
                gates[i] = g;
                scaled[i] = g * CLAMPED_SLOPE;
            }
        }
    }

    @Override
    public void gelu(Tensor x, GeluForm form, Tensor out) {
        Ranges.run(x.elements(), COST, (from, to) -> {
            float[] scratch = Scratch.current().get(Slot.TILE, VectorGelu.SCRATCH);
            for (int i = from; i < to; i += VectorExp.CHUNK) {
                int n = Math.min(VectorExp.CHUNK, to - i);
                VectorGelu.values(form, x.floats(), x.offset() + i, n, out.floats(), out.offset() + i, scratch);
            }
        });
    }

    @Override
    public void geluBackward(Tensor dOut, Tensor x, GeluForm form, Tensor dX) {
        Ranges.run(x.elements(), COST, (from, to) -> {
            float[] scratch = Scratch.current().get(Slot.TILE, VectorGelu.SCRATCH);
            float[] slopes = Scratch.current().get(Slot.SLOPES, VectorExp.CHUNK);
            for (int i = from; i < to; i += VectorExp.CHUNK) {
                int n = Math.min(VectorExp.CHUNK, to - i);
                VectorGelu.slopes(form, x.floats(), x.offset() + i, n, slopes, 0, scratch);
                VectorElementwise.multiply(
                        dOut.floats(), dOut.offset() + i, slopes, 0, dX.floats(), dX.offset() + i, n);
            }
        });
    }

    @Override
    public void geGlu(Tensor gate, Tensor up, GeluForm form, Tensor out) {
        Ranges.run(gate.elements(), COST, (from, to) -> {
            float[] scratch = Scratch.current().get(Slot.TILE, VectorGelu.SCRATCH);
            float[] values = Scratch.current().get(Slot.EXPONENTIALS, VectorExp.CHUNK);
            for (int i = from; i < to; i += VectorExp.CHUNK) {
                int n = Math.min(VectorExp.CHUNK, to - i);
                VectorGelu.values(form, gate.floats(), gate.offset() + i, n, values, 0, scratch);
                VectorElementwise.multiply(values, 0, up.floats(), up.offset() + i, out.floats(), out.offset() + i, n);
            }
        });
    }

    @Override
    public void geGluBackward(Tensor dOut, Tensor gate, Tensor up, GeluForm form, Tensor dGate, Tensor dUp) {
        Ranges.run(gate.elements(), 2 * COST, (from, to) -> {
            float[] scratch = Scratch.current().get(Slot.TILE, VectorGelu.SCRATCH);
            float[] values = Scratch.current().get(Slot.EXPONENTIALS, VectorExp.CHUNK);
            float[] slopes = Scratch.current().get(Slot.SLOPES, VectorExp.CHUNK);
            for (int i = from; i < to; i += VectorExp.CHUNK) {
                int n = Math.min(VectorExp.CHUNK, to - i);
                VectorGelu.values(form, gate.floats(), gate.offset() + i, n, values, 0, scratch);
                VectorGelu.slopes(form, gate.floats(), gate.offset() + i, n, slopes, 0, scratch);
                gates(dOut, up, values, slopes, dGate, dUp, i, n);
            }
        });
    }

    /** dGate = dOut · up · slope, dUp = dOut · value. */
    private static void gates(
            Tensor dOut, Tensor up, float[] values, float[] slopes, Tensor dGate, Tensor dUp, int from, int n) {
        float[] ds = dOut.floats();
        float[] us = up.floats();
        float[] dgs = dGate.floats();
        float[] dus = dUp.floats();
        int dAt = dOut.offset() + from;
        int uAt = up.offset() + from;
        int dgAt = dGate.offset() + from;
        int duAt = dUp.offset() + from;
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector d = FloatVector.fromArray(Lanes.FLOATS, ds, dAt + i);
            FloatVector u = FloatVector.fromArray(Lanes.FLOATS, us, uAt + i);
            d.mul(u).mul(FloatVector.fromArray(Lanes.FLOATS, slopes, i)).intoArray(dgs, dgAt + i);
            d.mul(FloatVector.fromArray(Lanes.FLOATS, values, i)).intoArray(dus, duAt + i);
        }
        for (; i < n; i++) {
            float d = ds[dAt + i];
            float u = us[uAt + i];
            dgs[dgAt + i] = d * u * slopes[i];
            dus[duAt + i] = d * values[i];
        }
    }

    @Override
    public void softCap(Tensor x, float cap, Tensor out) {
        Ranges.run(x.elements(), COST, (from, to) -> {
            float[] scratch = Scratch.current().get(Slot.TILE, VectorExp.CHUNK);
            for (int i = from; i < to; i += VectorExp.CHUNK) {
                int n = Math.min(VectorExp.CHUNK, to - i);
                int at = out.offset() + i;
                System.arraycopy(x.floats(), x.offset() + i, out.floats(), at, n);
                VectorTanh.tanh(out.floats(), at, n, 1f, cap, scratch);
                times(cap, out.floats(), at, n);
            }
        });
    }

    private static void times(float factor, float[] x, int at, int n) {
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector.fromArray(Lanes.FLOATS, x, at + i).mul(factor).intoArray(x, at + i);
        }
        for (; i < n; i++) {
            x[at + i] *= factor;
        }
    }

    @Override
    public void softCapBackward(Tensor dOut, Tensor capped, float cap, Tensor dX) {
        Ranges.run(
                dOut.elements(),
                4,
                (from, to) -> throughCap(
                        dOut.floats(),
                        dOut.offset() + from,
                        capped.floats(),
                        capped.offset() + from,
                        cap,
                        dX.floats(),
                        dX.offset() + from,
                        to - from));
    }

    private static void throughCap(
            float[] dOut, int dAt, float[] capped, int cAt, float cap, float[] dX, int xAt, int n) {
        FloatVector one = FloatVector.broadcast(Lanes.FLOATS, 1f);
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector tanh =
                    FloatVector.fromArray(Lanes.FLOATS, capped, cAt + i).div(cap);
            FloatVector slope = tanh.neg().fma(tanh, one);
            FloatVector.fromArray(Lanes.FLOATS, dOut, dAt + i).mul(slope).intoArray(dX, xAt + i);
        }
        for (; i < n; i++) {
            float tanh = capped[cAt + i] / cap;
            dX[xAt + i] = dOut[dAt + i] * Math.fma(-tanh, tanh, 1f);
        }
    }
}
