// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.DeltaForm;
import dev.jacobian.tensor.DeltaInputs;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cpu.Scratch.Slot;
import java.util.Arrays;
import java.util.List;
import jdk.incubator.vector.FloatVector;

/**
 * The delta rule of one head. A column of the state is a recurrence of its own, so a few columns are taken through all tokens of a
 * segment before the next few: they stay in the first-level cache.
 */
final class VectorDeltaRule {
    private static final int L = Lanes.COUNT;

    private VectorDeltaRule() {}

    /**
     * All segments of a head.
     *
     * @param places where the states of segments are kept that others continue, if there are no {@code states}
     */
    static void head(
            DeltaInputs in, DeltaForm form, int h, Segments segments, List<Tensor> states, int[] places, Tensor out) {
        int size = form.stateSize();
        float[] own = states.isEmpty() ? Scratch.current().get(Slot.STATES, (most(places) + 1) * size) : new float[0];
        for (int s = 0; s < segments.count(); s++) {
            int from = segments.start(s);
            int to = from + segments.length(s);
            if (states.isEmpty()) {
                begin(own, segments.parent(s), places, s, size);
                tokens(in, form, h, from, to, own, places[s] * size, out);
            } else {
                Tensor state = states.get(s);
                tokens(in, form, h, from, to, state.floats(), state.offset() + h * size, out);
            }
        }
    }

    /** The largest place. */
    static int most(int[] places) {
        int most = 0;
        for (int place : places) {
            most = Math.max(most, place);
        }
        return most;
    }

    /** Puts the state that a segment begins with in its place. */
    static void begin(float[] states, int parent, int[] places, int s, int size) {
        if (parent < 0) {
            Arrays.fill(states, places[s] * size, (places[s] + 1) * size, 0f);
        } else {
            System.arraycopy(states, places[parent] * size, states, places[s] * size, size);
        }
    }

    private static void tokens(
            DeltaInputs in, DeltaForm form, int h, int from, int to, float[] state, int at, Tensor out) {
        int n = form.valueDim();
        int j = 0;
        for (; j + 4 * L <= n; j += 4 * L) {
            fourVectors(in, form, h, from, to, state, at, j, out);
        }
        for (; j + L <= n; j += L) {
            oneVector(in, form, h, from, to, state, at, j, out);
        }
        for (; j < n; j++) {
            oneColumn(in, form, h, from, to, state, at, j, out);
        }
    }

    private static void fourVectors(
            DeltaInputs in, DeltaForm form, int h, int from, int to, float[] state, int at, int j, Tensor out) {
        float[] qs = in.q().floats();
        float[] ks = in.k().floats();
        float[] vs = in.v().floats();
        float[] outs = out.floats();
        int n = form.valueDim();
        int end = form.keyDim();
        for (int row = from; row < to; row++) {
            int gateAt = row * form.heads() + h;
            float decay = in.decay().floats()[in.decay().offset() + gateAt];
            float beta = in.beta().floats()[in.beta().offset() + gateAt];
            int keyAt = (row * form.keyHeads() + h / form.headsPerKey()) * end;
            int kAt = in.k().offset() + keyAt;
            int qAt = in.q().offset() + keyAt;
            FloatVector a0 = FloatVector.zero(Lanes.FLOATS);
            FloatVector a1 = FloatVector.zero(Lanes.FLOATS);
            FloatVector a2 = FloatVector.zero(Lanes.FLOATS);
            FloatVector a3 = FloatVector.zero(Lanes.FLOATS);
            for (int i = 0; i < end; i++) {
                int sAt = at + i * n + j;
                FloatVector k = FloatVector.broadcast(Lanes.FLOATS, ks[kAt + i]);
                FloatVector s0 = FloatVector.fromArray(Lanes.FLOATS, state, sAt).mul(decay);
                FloatVector s1 =
                        FloatVector.fromArray(Lanes.FLOATS, state, sAt + L).mul(decay);
                FloatVector s2 =
                        FloatVector.fromArray(Lanes.FLOATS, state, sAt + 2 * L).mul(decay);
                FloatVector s3 =
                        FloatVector.fromArray(Lanes.FLOATS, state, sAt + 3 * L).mul(decay);
                s0.intoArray(state, sAt);
                s1.intoArray(state, sAt + L);
                s2.intoArray(state, sAt + 2 * L);
                s3.intoArray(state, sAt + 3 * L);
                a0 = s0.fma(k, a0);
                a1 = s1.fma(k, a1);
                a2 = s2.fma(k, a2);
                a3 = s3.fma(k, a3);
            }
            int vAt = in.v().offset() + gateAt * n + j;
            FloatVector u0 =
                    FloatVector.fromArray(Lanes.FLOATS, vs, vAt).sub(a0).mul(beta);
            FloatVector u1 =
                    FloatVector.fromArray(Lanes.FLOATS, vs, vAt + L).sub(a1).mul(beta);
            FloatVector u2 =
                    FloatVector.fromArray(Lanes.FLOATS, vs, vAt + 2 * L).sub(a2).mul(beta);
            FloatVector u3 =
                    FloatVector.fromArray(Lanes.FLOATS, vs, vAt + 3 * L).sub(a3).mul(beta);
            a0 = FloatVector.zero(Lanes.FLOATS);
            a1 = FloatVector.zero(Lanes.FLOATS);
            a2 = FloatVector.zero(Lanes.FLOATS);
            a3 = FloatVector.zero(Lanes.FLOATS);
            for (int i = 0; i < end; i++) {
                int sAt = at + i * n + j;
                FloatVector k = FloatVector.broadcast(Lanes.FLOATS, ks[kAt + i]);
                FloatVector q = FloatVector.broadcast(Lanes.FLOATS, qs[qAt + i]);
                FloatVector s0 = k.fma(u0, FloatVector.fromArray(Lanes.FLOATS, state, sAt));
                FloatVector s1 = k.fma(u1, FloatVector.fromArray(Lanes.FLOATS, state, sAt + L));
                FloatVector s2 = k.fma(u2, FloatVector.fromArray(Lanes.FLOATS, state, sAt + 2 * L));
                FloatVector s3 = k.fma(u3, FloatVector.fromArray(Lanes.FLOATS, state, sAt + 3 * L));
                s0.intoArray(state, sAt);
                s1.intoArray(state, sAt + L);
                s2.intoArray(state, sAt + 2 * L);
                s3.intoArray(state, sAt + 3 * L);
                a0 = s0.fma(q, a0);
                a1 = s1.fma(q, a1);
                a2 = s2.fma(q, a2);
                a3 = s3.fma(q, a3);
            }
            int outAt = out.offset() + gateAt * n + j;
            a0.intoArray(outs, outAt);
            a1.intoArray(outs, outAt + L);
            a2.intoArray(outs, outAt + 2 * L);
            a3.intoArray(outs, outAt + 3 * L);
        }
    }

    private static void oneVector(
            DeltaInputs in, DeltaForm form, int h, int from, int to, float[] state, int at, int j, Tensor out) {
        float[] qs = in.q().floats();
        float[] ks = in.k().floats();
        float[] vs = in.v().floats();
        int n = form.valueDim();
        int end = form.keyDim();
        for (int row = from; row < to; row++) {
            int gateAt = row * form.heads() + h;
            float decay = in.decay().floats()[in.decay().offset() + gateAt];
            float beta = in.beta().floats()[in.beta().offset() + gateAt];
            int keyAt = (row * form.keyHeads() + h / form.headsPerKey()) * end;
            int kAt = in.k().offset() + keyAt;
            int qAt = in.q().offset() + keyAt;
            FloatVector sum = FloatVector.zero(Lanes.FLOATS);
            for (int i = 0; i < end; i++) {
                int sAt = at + i * n + j;
                FloatVector s = FloatVector.fromArray(Lanes.FLOATS, state, sAt).mul(decay);
                s.intoArray(state, sAt);
                sum = s.fma(FloatVector.broadcast(Lanes.FLOATS, ks[kAt + i]), sum);
            }
            FloatVector u = FloatVector.fromArray(Lanes.FLOATS, vs, in.v().offset() + gateAt * n + j)
                    .sub(sum)
                    .mul(beta);
            sum = FloatVector.zero(Lanes.FLOATS);
            for (int i = 0; i < end; i++) {
                int sAt = at + i * n + j;
                FloatVector s = FloatVector.broadcast(Lanes.FLOATS, ks[kAt + i])
                        .fma(u, FloatVector.fromArray(Lanes.FLOATS, state, sAt));
                s.intoArray(state, sAt);
                sum = s.fma(FloatVector.broadcast(Lanes.FLOATS, qs[qAt + i]), sum);
            }
            sum.intoArray(out.floats(), out.offset() + gateAt * n + j);
        }
    }

    private static void oneColumn(
            DeltaInputs in, DeltaForm form, int h, int from, int to, float[] state, int at, int j, Tensor out) {
        float[] qs = in.q().floats();
        float[] ks = in.k().floats();
        int n = form.valueDim();
        int end = form.keyDim();
        for (int row = from; row < to; row++) {
            int gateAt = row * form.heads() + h;
            float decay = in.decay().floats()[in.decay().offset() + gateAt];
            float beta = in.beta().floats()[in.beta().offset() + gateAt];
            int keyAt = (row * form.keyHeads() + h / form.headsPerKey()) * end;
            int kAt = in.k().offset() + keyAt;
            int qAt = in.q().offset() + keyAt;
            float sum = 0f;
            for (int i = 0; i < end; i++) {
                int sAt = at + i * n + j;
                state[sAt] = decay * state[sAt];
                sum = Math.fma(state[sAt], ks[kAt + i], sum);
            }
            float u = beta * (in.v().floats()[in.v().offset() + gateAt * n + j] - sum);
            sum = 0f;
            for (int i = 0; i < end; i++) {
                int sAt = at + i * n + j;
                state[sAt] = Math.fma(ks[kAt + i], u, state[sAt]);
                sum = Math.fma(state[sAt], qs[qAt + i], sum);
            }
            out.floats()[out.offset() + gateAt * n + j] = sum;
        }
    }
}
