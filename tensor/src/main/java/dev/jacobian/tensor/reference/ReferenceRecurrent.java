// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import dev.jacobian.tensor.DeltaForm;
import dev.jacobian.tensor.DeltaInputs;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.RecurrentKernels;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import java.util.List;

/**
 * Causal convolution, decay, delta rule and their gradients. Not final, because the decay is a few numbers per token: every CPU
 * computes it with this loop.
 */
public class ReferenceRecurrent implements RecurrentKernels {
    @Override
    public void convolution(
            Tensor x, Tensor weight, @Nullable Tensor bias, Segments segments, List<Tensor> states, Tensor out) {
        int channels = x.extent(1);
        int taps = weight.extent(2);
        for (int s = 0; s < segments.count(); s++) {
            for (int t = 0; t < segments.length(s); t++) {
                for (int c = 0; c < channels; c++) {
                    float sum = bias == null ? 0f : bias.floats()[bias.offset() + c];
                    for (int j = 0; j < taps; j++) {
                        float w = weight.floats()[weight.offset() + c * taps + j];
                        sum = Math.fma(w, earlier(x, segments, states, s, t - taps + 1 + j, c), sum);
                    }
                    out.floats()[out.offset() + (segments.start(s) + t) * channels + c] = sum;
                }
            }
        }
        for (int s = 0; s < states.size(); s++) {
            remember(x, segments, s, states);
        }
    }

    /** An element of the row at an index in a segment, which is negative for rows before it. */
    private static float earlier(Tensor x, Segments segments, List<Tensor> states, int s, int t, int c) {
        int channels = x.extent(1);
        if (t < 0 && !states.isEmpty()) {
            Tensor before = states.get(s);
            return before.floats()[before.offset() + (before.extent(0) + t) * channels + c];
        }
        int position = segments.history(s) + t;
        return position < 0 ? 0f : x.floats()[x.offset() + segments.row(s, position) * channels + c];
    }

    /** Moves the last rows of a segment into its state. */
    private static void remember(Tensor x, Segments segments, int s, List<Tensor> states) {
        Tensor state = states.get(s);
        int kept = state.extent(0);
        for (int row = 0; row < kept; row++) {
            for (int c = 0; c < state.extent(1); c++) {
                state.floats()[state.offset() + row * state.extent(1) + c] =
                        earlier(x, segments, states, s, segments.length(s) - kept + row, c);
            }
        }
    }

    @Override
    public void convolutionBackward(
            Tensor dOut, Tensor x, Tensor weight, Segments segments, Tensor dX, @Nullable Tensor dWeight) {
        int channels = x.extent(1);
        int taps = weight.extent(2);
        dX.fill(0f);
        for (int s = 0; s < segments.count(); s++) {
            for (int t = 0; t < segments.length(s); t++) {
                for (int j = 0; j < taps; j++) {
                    int position = segments.history(s) + t - taps + 1 + j;
                    int from = position < 0 ? -1 : segments.row(s, position);
                    for (int c = 0; c < channels; c++) {
                        float d = dOut.floats()[dOut.offset() + (segments.start(s) + t) * channels + c];
                        if (from >= 0) {
                            int at = dX.offset() + from * channels + c;
                            dX.floats()[at] =
                                    Math.fma(weight.floats()[weight.offset() + c * taps + j], d, dX.floats()[at]);
                        }
                        if (from >= 0 && dWeight != null) {
                            int at = dWeight.offset() + c * taps + j;
                            dWeight.floats()[at] =
                                    Math.fma(d, x.floats()[x.offset() + from * channels + c], dWeight.floats()[at]);
                        }
                    }
                }
            }
        }
    }

    @Override
    public void decay(Tensor x, Tensor logRate, Tensor bias, Tensor out) {
        int heads = logRate.elements();
        for (int i = 0; i < x.elements(); i++) {
            int h = i % heads;
            float rate = Exp.exp(logRate.floats()[logRate.offset() + h]);
            float s = x.floats()[x.offset() + i] + bias.floats()[bias.offset() + h];
            out.floats()[out.offset() + i] = Exp.exp(-(rate * softplus(s)));
        }
    }

    private static float softplus(float s) {
        return (float) (Math.max(s, 0f) + StrictMath.log1p(Exp.exp(-Math.abs(s))));
    }

    @Override
    public void decayBackward(
            Tensor dOut, Tensor x, Tensor logRate, Tensor bias, Tensor out, Tensor dX, @Nullable Tensor dLogRate) {
        int heads = logRate.elements();
        for (int i = 0; i < x.elements(); i++) {
            int h = i % heads;
            float rate = Exp.exp(logRate.floats()[logRate.offset() + h]);
            float s = x.floats()[x.offset() + i] + bias.floats()[bias.offset() + h];
            float e = dOut.floats()[dOut.offset() + i] * out.floats()[out.offset() + i] * rate;
            dX.floats()[dX.offset() + i] = -e / (1f + Exp.exp(-s));
            if (dLogRate != null) {
                int at = dLogRate.offset() + h;
                dLogRate.floats()[at] = Math.fma(-e, softplus(s), dLogRate.floats()[at]);
            }
        }
    }

    @Override
    public void deltaRule(DeltaInputs in, DeltaForm form, Segments segments, List<Tensor> states, Tensor out) {
        float[] u = new float[form.valueDim()];
        for (int h = 0; h < form.heads(); h++) {
            float[][] ends = new float[segments.count()][]; // the state after each segment
            for (int s = 0; s < segments.count(); s++) {
                float[] state = states.isEmpty() ? begin(segments, s, ends, form) : head(states.get(s), h, form);
                for (int row = segments.start(s); row < segments.start(s) + segments.length(s); row++) {
                    step(in, form, h, row, state, u);
                    read(in.q(), form, h, row, state, out);
                }
                ends[s] = state;
                if (!states.isEmpty()) {
                    Tensor kept = states.get(s);
                    System.arraycopy(state, 0, kept.floats(), kept.offset() + h * form.stateSize(), form.stateSize());
                }
            }
        }
    }

    /** A copy of the state that a segment begins with. */
    private static float[] begin(Segments segments, int s, float[][] ends, DeltaForm form) {
        int parent = segments.parent(s);
        return parent < 0 ? new float[form.stateSize()] : ends[parent].clone();
    }

    private static float[] head(Tensor states, int h, DeltaForm form) {
        float[] state = new float[form.stateSize()];
        System.arraycopy(states.floats(), states.offset() + h * state.length, state, 0, state.length);
        return state;
    }

    /** Takes one token into a state [keyDim, valueDim] and leaves its correction in u [valueDim]. */
    private static void step(DeltaInputs in, DeltaForm form, int h, int row, float[] state, float[] u) {
        float decay = in.decay().floats()[in.decay().offset() + row * form.heads() + h];
        float beta = in.beta().floats()[in.beta().offset() + row * form.heads() + h];
        int kAt = in.k().offset() + keyAt(form, h, row);
        int vAt = in.v().offset() + (row * form.heads() + h) * form.valueDim();
        for (int j = 0; j < form.valueDim(); j++) {
            float there = 0f; // what the state gives for the key
            for (int i = 0; i < form.keyDim(); i++) {
                int at = i * form.valueDim() + j;
                state[at] = decay * state[at];
                there = Math.fma(state[at], in.k().floats()[kAt + i], there);
            }
            u[j] = beta * (in.v().floats()[vAt + j] - there);
            for (int i = 0; i < form.keyDim(); i++) {
                int at = i * form.valueDim() + j;
                state[at] = Math.fma(in.k().floats()[kAt + i], u[j], state[at]);
            }
        }
    }

    /** out = Sᵀq. */
    private static void read(Tensor q, DeltaForm form, int h, int row, float[] state, Tensor out) {
        int qAt = q.offset() + keyAt(form, h, row);
        int outAt = out.offset() + (row * form.heads() + h) * form.valueDim();
        for (int j = 0; j < form.valueDim(); j++) {
            float sum = 0f;
            for (int i = 0; i < form.keyDim(); i++) {
                sum = Math.fma(state[i * form.valueDim() + j], q.floats()[qAt + i], sum);
            }
            out.floats()[outAt + j] = sum;
        }
    }

    /** Where the query and key of a head begin. */
    private static int keyAt(DeltaForm form, int h, int row) {
        return (row * form.keyHeads() + h / form.headsPerKey()) * form.keyDim();
    }

    /** Every state is kept: the loop says what is computed, not in how much memory. */
    @Override
    public void deltaRuleBackward(
            Tensor dOut, DeltaInputs in, DeltaForm form, Segments segments, DeltaInputs gradients) {
        gradients.q().fill(0f); // heads that share one add to it
        gradients.k().fill(0f);
        for (int h = 0; h < form.heads(); h++) {
            float[][] before = new float[segments.rows()][]; // the state before each row
            float[][] ends = new float[segments.count()][];
            for (int s = 0; s < segments.count(); s++) {
                ends[s] = begin(segments, s, ends, form);
                for (int row = segments.start(s); row < segments.start(s) + segments.length(s); row++) {
                    before[row] = ends[s].clone();
                    step(in, form, h, row, ends[s], new float[form.valueDim()]);
                }
            }
            float[][] dEnds = new float[segments.count()][form.stateSize()];
            for (int s = segments.count() - 1; s >= 0; s--) {
                for (int row = segments.start(s) + segments.length(s) - 1; row >= segments.start(s); row--) {
                    stepBackward(dOut, in, form, h, row, before[row], dEnds[s], gradients);
                }
                for (int i = 0; i < form.stateSize() && segments.parent(s) >= 0; i++) {
                    dEnds[segments.parent(s)][i] += dEnds[s][i];
                }
            }
        }
    }

    /** One token: {@code g} [keyDim, valueDim] is the gradient of the state after it, then of that before it. */
    private static void stepBackward(
            Tensor dOut,
            DeltaInputs in,
            DeltaForm form,
            int h,
            int row,
            float[] before,
            float[] g,
            DeltaInputs gradients) {
        int n = form.valueDim();
        int gateAt = row * form.heads() + h;
        float decay = in.decay().floats()[in.decay().offset() + gateAt];
        float beta = in.beta().floats()[in.beta().offset() + gateAt];
        int keyAt = keyAt(form, h, row);
        float[] k = in.k().floats();
        int kAt = in.k().offset() + keyAt;
        float[] after = before.clone();
        float[] u = new float[n];
        step(in, form, h, row, after, u);
        float[] missing = new float[n]; // v − S₁ᵀk
        float[] faded = new float[before.length]; // S₁
        for (int j = 0; j < n; j++) {
            float there = 0f;
            for (int i = 0; i < form.keyDim(); i++) {
                faded[i * n + j] = decay * before[i * n + j];
                there = Math.fma(faded[i * n + j], k[kAt + i], there);
            }
            missing[j] = in.v().floats()[in.v().offset() + gateAt * n + j] - there;
        }
        float[] du = new float[n];
        float[] dk = new float[form.keyDim()];
        for (int i = 0; i < form.keyDim(); i++) {
            int dqAt = gradients.q().offset() + keyAt + i;
            gradients.q().floats()[dqAt] += FixedSum.dot(after, i * n, dOut.floats(), dOut.offset() + gateAt * n, n);
            float q = in.q().floats()[in.q().offset() + keyAt + i];
            for (int j = 0; j < n; j++) {
                g[i * n + j] = Math.fma(q, dOut.floats()[dOut.offset() + gateAt * n + j], g[i * n + j]);
                du[j] = Math.fma(k[kAt + i], g[i * n + j], du[j]);
            }
            dk[i] = FixedSum.dot(g, i * n, u, 0, n);
        }
        gradients.beta().floats()[gradients.beta().offset() + gateAt] = FixedSum.dot(du, 0, missing, 0, n);
        float[] dv = new float[n];
        for (int j = 0; j < n; j++) {
            dv[j] = beta * du[j];
            gradients.v().floats()[gradients.v().offset() + gateAt * n + j] = dv[j];
        }
        float dDecay = 0f;
        for (int i = 0; i < form.keyDim(); i++) {
            int dkAt = gradients.k().offset() + keyAt + i;
            gradients.k().floats()[dkAt] += dk[i] - FixedSum.dot(faded, i * n, dv, 0, n);
            for (int j = 0; j < n; j++) {
                g[i * n + j] = Math.fma(-k[kAt + i], dv[j], g[i * n + j]);
            }
            dDecay += FixedSum.dot(g, i * n, before, i * n, n);
            for (int j = 0; j < n; j++) {
                g[i * n + j] = decay * g[i * n + j];
            }
        }
        gradients.decay().floats()[gradients.decay().offset() + gateAt] = dDecay;
    }
}
