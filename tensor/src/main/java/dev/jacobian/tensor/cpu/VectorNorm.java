// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cpu.Scratch.Slot;
import jdk.incubator.vector.FloatVector;

/** RMSNorm and its gradient. */
final class VectorNorm {
    private static final int L = Lanes.COUNT;

    private VectorNorm() {}

    static void rmsNorm(Tensor x, Tensor weight, float epsilon, Tensor out, Tensor inverseRms) {
        int d = weight.elements();
        Ranges.run(inverseRms.elements(), 2 * d, (from, to) -> {
            float[] parts = Scratch.current().get(Slot.LANES, VectorSum.PARTS);
            for (int row = from; row < to; row++) {
                int xAt = x.offset() + row * d;
                float mean = VectorSum.dot(x.floats(), xAt, x.floats(), xAt, d, parts) / d;
                float r = 1f / (float) Math.sqrt(mean + epsilon);
                inverseRms.floats()[inverseRms.offset() + row] = r;
                scaleRow(x.floats(), xAt, r, weight.floats(), weight.offset(), out.floats(), out.offset() + row * d, d);
            }
        });
    }

    private static void scaleRow(
            float[] x, int xAt, float r, float[] weight, int weightAt, float[] out, int outAt, int d) {
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(d); i += L) {
            load(x, xAt + i).mul(r).mul(load(weight, weightAt + i)).intoArray(out, outAt + i);
        }
        for (; i < d; i++) {
            out[outAt + i] = x[xAt + i] * r * weight[weightAt + i];
        }
    }

    static void rmsNormBackward(Tensor dOut, Tensor x, Tensor weight, Tensor inverseRms, Tensor dX, Tensor dWeight) {
        int d = weight.elements();
        int rows = inverseRms.elements();
        Ranges.run(rows, 3 * d, (from, to) -> {
            Scratch scratch = Scratch.current();
            float[] parts = scratch.get(Slot.LANES, VectorSum.PARTS);
            float[] g = scratch.get(Slot.TILE, d);
            for (int row = from; row < to; row++) {
                inputRow(dOut, x, weight, inverseRms.floats()[inverseRms.offset() + row], row, g, parts, dX);
            }
        });
        if (dWeight != null) {
            // By columns, because the order of the rows is the order of the sum.
            int blocks = (d + 4 * L - 1) / (4 * L);
            Ranges.run(blocks, rows * 4 * L, (from, to) -> {
                for (int block = from; block < to; block++) {
                    weightColumns(dOut, x, inverseRms, dWeight, block * 4 * L, Math.min(d, (block + 1) * 4 * L));
                }
            });
        }
    }

    private static void inputRow(
            Tensor dOut, Tensor x, Tensor weight, float r, int row, float[] g, float[] parts, Tensor dX) {
        int d = weight.elements();
        float[] xs = x.floats();
        float[] ws = weight.floats();
        float[] os = dOut.floats();
        float[] to = dX.floats();
        int xAt = x.offset() + row * d;
        int wAt = weight.offset();
        int oAt = dOut.offset() + row * d;
        int toAt = dX.offset() + row * d;
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(d); i += L) {
            load(os, oAt + i).mul(load(ws, wAt + i)).intoArray(g, i);
        }
        for (; i < d; i++) {
            g[i] = os[oAt + i] * ws[wAt + i];
        }
        float c = -(VectorSum.dot(g, 0, xs, xAt, d, parts) * r * r / d);
        FloatVector cs = FloatVector.broadcast(Lanes.FLOATS, c);
        i = 0;
        for (; i < Lanes.FLOATS.loopBound(d); i += L) {
            cs.fma(load(xs, xAt + i), load(g, i)).mul(r).intoArray(to, toAt + i);
        }
        for (; i < d; i++) {
            to[toAt + i] = r * Math.fma(c, xs[xAt + i], g[i]);
        }
    }

    private static void weightColumns(
            Tensor dOut, Tensor x, Tensor inverseRms, Tensor dWeight, int column, int columnEnd) {
        int d = dWeight.elements();
        int rows = inverseRms.elements();
        float[] os = dOut.floats();
        float[] xs = x.floats();
        float[] rs = inverseRms.floats();
        float[] to = dWeight.floats();
        int oAt = dOut.offset() + column;
        int xAt = x.offset() + column;
        int rAt = inverseRms.offset();
        int toAt = dWeight.offset() + column;
        if (columnEnd - column == 4 * L) {
            FloatVector s0 = load(to, toAt);
            FloatVector s1 = load(to, toAt + L);
            FloatVector s2 = load(to, toAt + 2 * L);
            FloatVector s3 = load(to, toAt + 3 * L);
            for (int row = 0; row < rows; row++) {
                float r = rs[rAt + row];
                int o = oAt + row * d;
                int at = xAt + row * d;
                s0 = load(os, o).fma(load(xs, at).mul(r), s0);
                s1 = load(os, o + L).fma(load(xs, at + L).mul(r), s1);
                s2 = load(os, o + 2 * L).fma(load(xs, at + 2 * L).mul(r), s2);
                s3 = load(os, o + 3 * L).fma(load(xs, at + 3 * L).mul(r), s3);
            }
            s0.intoArray(to, toAt);
            s1.intoArray(to, toAt + L);
            s2.intoArray(to, toAt + 2 * L);
            s3.intoArray(to, toAt + 3 * L);
            return;
        }
        int n = columnEnd - column;
        for (int row = 0; row < rows; row++) {
            float r = rs[rAt + row];
            int o = oAt + row * d;
            int at = xAt + row * d;
            int i = 0;
            for (; i < Lanes.FLOATS.loopBound(n); i += L) {
                load(os, o + i).fma(load(xs, at + i).mul(r), load(to, toAt + i)).intoArray(to, toAt + i);
            }
            for (; i < n; i++) {
                to[toAt + i] = Math.fma(os[o + i], xs[at + i] * r, to[toAt + i]);
            }
        }
    }

    private static FloatVector load(float[] x, int at) {
        return FloatVector.fromArray(Lanes.FLOATS, x, at);
    }
}
