// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import static dev.jacobian.tensor.RecurrentKernels.KEPT;

import dev.jacobian.tensor.DeltaForm;
import dev.jacobian.tensor.DeltaInputs;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cpu.Scratch.Slot;
import java.util.Arrays;

/**
 * Gradients of the delta rule of one head, by rows of the state.
 *
 * <p>Going back needs the state before each token. Those at the ends of segments that others continue are computed first; then,
 * from the last segment to the first, those at every {@code KEPT}th token of the segment, and from these the states of {@code
 * KEPT} tokens at a time.
 */
final class VectorDeltaRuleBackward {
    private final DeltaInputs in;
    private final DeltaForm form;
    private final int h;
    private final int size;
    private final float[] rows; // working rows of valueDim elements, see below
    private final float[] keys; // [keyDim]
    private final float[] faded; // [keyDim, valueDim]
    private final float[] parts;

    // Working rows
    private static final int U = 0;
    private static final int MISSING = 1;
    private static final int DU = 2;
    private static final int DV = 3;
    private static final int ROWS = 4;

    private VectorDeltaRuleBackward(DeltaInputs in, DeltaForm form, int h) {
        this.in = in;
        this.form = form;
        this.h = h;
        Scratch scratch = Scratch.current();
        size = form.stateSize();
        rows = scratch.get(Slot.TILE, ROWS * form.valueDim());
        keys = scratch.get(Slot.SLOPES, form.keyDim());
        faded = scratch.get(Slot.EXPONENTIALS, size);
        parts = scratch.get(Slot.LANES, VectorSum.PARTS);
    }

    /** Adds to the gradients of queries and keys, and overwrites those of the head's own inputs. */
    static void head(
            Tensor dOut,
            DeltaInputs in,
            DeltaForm form,
            int h,
            Segments segments,
            int[] places,
            DeltaInputs gradients) {
        new VectorDeltaRuleBackward(in, form, h).run(dOut, segments, places, gradients);
    }

    private void run(Tensor dOut, Segments segments, int[] places, DeltaInputs gradients) {
        Scratch scratch = Scratch.current();
        int continued = VectorDeltaRule.most(places);
        float[] ends = scratch.get(Slot.STATES, (continued + 1) * size);
        float[] dEnds = scratch.get(Slot.STATE_GRADIENTS, (continued + 1) * size);
        Arrays.fill(dEnds, 0, (continued + 1) * size, 0f);
        int longest = 0;
        for (int s = 0; s < segments.count(); s++) {
            longest = Math.max(longest, segments.length(s));
            if (places[s] < continued) {
                VectorDeltaRule.begin(ends, segments.parent(s), places, s, size);
                for (int row = segments.start(s); row < segments.start(s) + segments.length(s); row++) {
                    step(row, ends, places[s] * size);
                }
            }
        }
        float[] kept = scratch.get(Slot.KEPT_STATES, Math.max(1, Math.ceilDiv(longest, KEPT)) * size);
        float[] before = scratch.get(Slot.TOKEN_STATES, (KEPT + 1) * size);
        for (int s = segments.count() - 1; s >= 0; s--) {
            int parent = segments.parent(s);
            int gAt = places[s] * size;
            if (places[s] == continued) {
                Arrays.fill(dEnds, gAt, gAt + size, 0f);
            }
            if (parent < 0) {
                Arrays.fill(kept, 0, size, 0f);
            } else {
                System.arraycopy(ends, places[parent] * size, kept, 0, size);
            }
            segment(dOut, segments.start(s), segments.length(s), kept, before, dEnds, gAt, gradients);
            if (parent >= 0) {
                VectorElementwise.add(dEnds, places[parent] * size, dEnds, gAt, dEnds, places[parent] * size, size);
            }
        }
    }

    /**
     * The tokens of a segment, last first.
     *
     * @param kept begins with the state before the segment, receives those of every {@code KEPT}th token
     * @param before room for the states of {@code KEPT} tokens and the one after
     * @param g at gAt the gradient of the state after the segment, then of that before it
     */
    private void segment(
            Tensor dOut,
            int start,
            int length,
            float[] kept,
            float[] before,
            float[] g,
            int gAt,
            DeltaInputs gradients) {
        for (int t = KEPT; t < length; t += KEPT) {
            int at = t / KEPT * size;
            System.arraycopy(kept, at - size, kept, at, size);
            for (int row = start + t - KEPT; row < start + t; row++) {
                step(row, kept, at);
            }
        }
        for (int t = (length - 1) / KEPT * KEPT; t >= 0 && length > 0; t -= KEPT) {
            int count = Math.min(KEPT, length - t);
            System.arraycopy(kept, t / KEPT * size, before, 0, size);
            for (int i = 0; i < count; i++) {
                System.arraycopy(before, i * size, before, (i + 1) * size, size);
                step(start + t + i, before, (i + 1) * size);
            }
            for (int i = count - 1; i >= 0; i--) {
                stepBackward(dOut, start + t + i, before, i * size, g, gAt, gradients);
            }
        }
    }

    private int keyAt(int row) {
        return (row * form.keyHeads() + h / form.headsPerKey()) * form.keyDim();
    }

    /** Takes a token into a state. */
    private void step(int row, float[] state, int at) {
        int n = form.valueDim();
        int gateAt = row * form.heads() + h;
        float decay = in.decay().floats()[in.decay().offset() + gateAt];
        VectorElementwise.scale(state, at, decay, state, at, size);
        correction(row, state, at);
        int kAt = in.k().offset() + keyAt(row);
        for (int i = 0; i < form.keyDim(); i++) {
            VectorElementwise.addScaled(rows, U * n, in.k().floats()[kAt + i], state, at + i * n, n);
        }
    }

    /** What a faded state misses of the token's value, and that times beta. */
    private void correction(int row, float[] state, int at) {
        int n = form.valueDim();
        int gateAt = row * form.heads() + h;
        int kAt = in.k().offset() + keyAt(row);
        Arrays.fill(rows, MISSING * n, (MISSING + 1) * n, 0f);
        for (int i = 0; i < form.keyDim(); i++) {
            VectorElementwise.addScaled(state, at + i * n, in.k().floats()[kAt + i], rows, MISSING * n, n);
        }
        int vAt = in.v().offset() + gateAt * n;
        VectorElementwise.subtract(in.v().floats(), vAt, rows, MISSING * n, rows, MISSING * n, n);
        float beta = in.beta().floats()[in.beta().offset() + gateAt];
        VectorElementwise.scale(rows, MISSING * n, beta, rows, U * n, n);
    }

    /** One token; the state after it lies behind the one before it. */
    private void stepBackward(
            Tensor dOut, int row, float[] states, int before, float[] g, int gAt, DeltaInputs gradients) {
        int n = form.valueDim();
        int gateAt = row * form.heads() + h;
        int keyAt = keyAt(row);
        float decay = in.decay().floats()[in.decay().offset() + gateAt];
        float beta = in.beta().floats()[in.beta().offset() + gateAt];
        VectorElementwise.scale(states, before, decay, faded, 0, size);
        correction(row, faded, 0);
        float[] outs = dOut.floats();
        int outAt = dOut.offset() + gateAt * n;
        float[] dq = gradients.q().floats();
        int dqAt = gradients.q().offset() + keyAt;
        float[] k = in.k().floats();
        int kAt = in.k().offset() + keyAt;
        int qAt = in.q().offset() + keyAt;
        Arrays.fill(rows, DU * n, (DU + 1) * n, 0f);
        for (int i = 0; i < form.keyDim(); i++) {
            int at = gAt + i * n;
            dq[dqAt + i] += VectorSum.dot(states, before + size + i * n, outs, outAt, n, parts);
            VectorElementwise.addScaled(outs, outAt, in.q().floats()[qAt + i], g, at, n);
            VectorElementwise.addScaled(g, at, k[kAt + i], rows, DU * n, n);
            keys[i] = VectorSum.dot(g, at, rows, U * n, n, parts);
        }
        gradients.beta().floats()[gradients.beta().offset() + gateAt] =
                VectorSum.dot(rows, DU * n, rows, MISSING * n, n, parts);
        VectorElementwise.scale(rows, DU * n, beta, rows, DV * n, n);
        System.arraycopy(rows, DV * n, gradients.v().floats(), gradients.v().offset() + gateAt * n, n);
        float[] dk = gradients.k().floats();
        int dkAt = gradients.k().offset() + keyAt;
        float dDecay = 0f;
        for (int i = 0; i < form.keyDim(); i++) {
            int at = gAt + i * n;
            dk[dkAt + i] += keys[i] - VectorSum.dot(faded, i * n, rows, DV * n, n, parts);
            VectorElementwise.addScaled(rows, DV * n, -k[kAt + i], g, at, n);
            dDecay += VectorSum.dot(g, at, states, before + i * n, n, parts);
            VectorElementwise.scale(g, at, decay, g, at, n);
        }
        gradients.decay().floats()[gradients.decay().offset() + gateAt] = dDecay;
    }
}
