// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.NormKernels;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cpu.Scratch.Slot;
import jdk.incubator.vector.FloatVector;

/** RMSNorm, LayerNorm and their gradients. */
final class VectorNorm implements NormKernels {
    private static final int L = Lanes.COUNT;

    @Override
    public void rmsNorm(Tensor x, Tensor weight, float epsilon, Tensor out, Tensor inverseRms) {
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
            FloatVector.fromArray(Lanes.FLOATS, x, xAt + i)
                    .mul(r)
                    .mul(FloatVector.fromArray(Lanes.FLOATS, weight, weightAt + i))
                    .intoArray(out, outAt + i);
        }
        for (; i < d; i++) {
            out[outAt + i] = x[xAt + i] * r * weight[weightAt + i];
        }
    }

    @Override
    public void rmsNormBackward(
            Tensor dOut, Tensor x, Tensor weight, Tensor inverseRms, Tensor dX, @Nullable Tensor dWeight) {
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
        int xAt = x.offset() + row * d;
        VectorElementwise.multiply(dOut.floats(), dOut.offset() + row * d, weight.floats(), weight.offset(), g, 0, d);
        float c = -(VectorSum.dot(g, 0, x.floats(), xAt, d, parts) * r * r / d);
        project(x.floats(), xAt, g, c, r, dX.floats(), dX.offset() + row * d, d);
    }

    /** out = r · (g + c · x). */
    private static void project(float[] x, int xAt, float[] g, float c, float r, float[] out, int outAt, int d) {
        FloatVector cs = FloatVector.broadcast(Lanes.FLOATS, c);
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(d); i += L) {
            cs.fma(FloatVector.fromArray(Lanes.FLOATS, x, xAt + i), FloatVector.fromArray(Lanes.FLOATS, g, i))
                    .mul(r)
                    .intoArray(out, outAt + i);
        }
        for (; i < d; i++) {
            out[outAt + i] = r * Math.fma(c, x[xAt + i], g[i]);
        }
    }

    private static void weightColumns(
            Tensor dOut, Tensor x, Tensor inverseRms, Tensor dWeight, int column, int columnEnd) {
        int d = dWeight.elements();
        int rows = inverseRms.elements();
        int oAt = dOut.offset() + column;
        int xAt = x.offset() + column;
        int toAt = dWeight.offset() + column;
        float[] rs = inverseRms.floats();
        if (columnEnd - column == 4 * L) {
            fourVectors(dOut.floats(), oAt, x.floats(), xAt, rs, inverseRms.offset(), rows, d, dWeight.floats(), toAt);
            return;
        }
        for (int row = 0; row < rows; row++) {
            addProducts(
                    dOut.floats(),
                    oAt + row * d,
                    x.floats(),
                    xAt + row * d,
                    rs[inverseRms.offset() + row],
                    dWeight.floats(),
                    toAt,
                    columnEnd - column);
        }
    }

    /** Four vectors of columns over all rows. */
    private static void fourVectors(
            float[] dOut, int oAt, float[] x, int xAt, float[] r, int rAt, int rows, int d, float[] to, int toAt) {
        FloatVector s0 = FloatVector.fromArray(Lanes.FLOATS, to, toAt);
        FloatVector s1 = FloatVector.fromArray(Lanes.FLOATS, to, toAt + L);
        FloatVector s2 = FloatVector.fromArray(Lanes.FLOATS, to, toAt + 2 * L);
        FloatVector s3 = FloatVector.fromArray(Lanes.FLOATS, to, toAt + 3 * L);
        for (int row = 0; row < rows; row++) {
            FloatVector rs = FloatVector.broadcast(Lanes.FLOATS, r[rAt + row]);
            int o = oAt + row * d;
            int at = xAt + row * d;
            FloatVector x0 = FloatVector.fromArray(Lanes.FLOATS, x, at).mul(rs);
            FloatVector x1 = FloatVector.fromArray(Lanes.FLOATS, x, at + L).mul(rs);
            FloatVector x2 = FloatVector.fromArray(Lanes.FLOATS, x, at + 2 * L).mul(rs);
            FloatVector x3 = FloatVector.fromArray(Lanes.FLOATS, x, at + 3 * L).mul(rs);
            s0 = x0.fma(FloatVector.fromArray(Lanes.FLOATS, dOut, o), s0);
            s1 = x1.fma(FloatVector.fromArray(Lanes.FLOATS, dOut, o + L), s1);
            s2 = x2.fma(FloatVector.fromArray(Lanes.FLOATS, dOut, o + 2 * L), s2);
            s3 = x3.fma(FloatVector.fromArray(Lanes.FLOATS, dOut, o + 3 * L), s3);
        }
        s0.intoArray(to, toAt);
        s1.intoArray(to, toAt + L);
        s2.intoArray(to, toAt + 2 * L);
        s3.intoArray(to, toAt + 3 * L);
    }

    /** to += dOut · (x · r). */
    private static void addProducts(float[] dOut, int oAt, float[] x, int xAt, float r, float[] to, int toAt, int n) {
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector scaled = FloatVector.fromArray(Lanes.FLOATS, x, xAt + i).mul(r);
            scaled.fma(
                            FloatVector.fromArray(Lanes.FLOATS, dOut, oAt + i),
                            FloatVector.fromArray(Lanes.FLOATS, to, toAt + i))
                    .intoArray(to, toAt + i);
        }
        for (; i < n; i++) {
            to[toAt + i] = Math.fma(dOut[oAt + i], x[xAt + i] * r, to[toAt + i]);
        }
    }

    @Override
    public void layerNorm(
            Tensor x,
            Tensor weight,
            @Nullable Tensor bias,
            float epsilon,
            Tensor out,
            Tensor means,
            Tensor inverseStd) {
        int d = weight.elements();
        Ranges.run(means.elements(), 4 * d, (from, to) -> {
            Scratch scratch = Scratch.current();
            float[] parts = scratch.get(Slot.LANES, VectorSum.PARTS);
            float[] n = scratch.get(Slot.TILE, d);
            for (int row = from; row < to; row++) {
                int xAt = x.offset() + row * d;
                float mean = VectorSum.sum(x.floats(), xAt, d, parts) / d;
                centre(x.floats(), xAt, mean, 1f, n, d);
                float r = 1f / (float) Math.sqrt(VectorSum.dot(n, 0, n, 0, d, parts) / d + epsilon);
                means.floats()[means.offset() + row] = mean;
                inverseStd.floats()[inverseStd.offset() + row] = r;
                int outAt = out.offset() + row * d;
                if (bias == null) {
                    affineRow(n, r, weight.floats(), weight.offset(), out.floats(), outAt, d);
                } else {
                    affineRow(n, r, weight.floats(), weight.offset(), bias, out.floats(), outAt, d);
                }
            }
        });
    }

    @Override
    public void layerNormBackward(
            Tensor dOut,
            Tensor x,
            Tensor weight,
            Tensor means,
            Tensor inverseStd,
            Tensor dX,
            @Nullable Tensor dWeight) {
        int d = weight.elements();
        int rows = means.elements();
        Ranges.run(rows, 6 * d, (from, to) -> {
            Scratch scratch = Scratch.current();
            float[] parts = scratch.get(Slot.LANES, VectorSum.PARTS);
            float[] g = scratch.get(Slot.TILE, d);
            float[] n = scratch.get(Slot.SLOPES, d);
            for (int row = from; row < to; row++) {
                float r = inverseStd.floats()[inverseStd.offset() + row];
                centre(x.floats(), x.offset() + row * d, means.floats()[means.offset() + row], r, n, d);
                VectorElementwise.multiply(
                        dOut.floats(), dOut.offset() + row * d, weight.floats(), weight.offset(), g, 0, d);
                float meanOfG = VectorSum.sum(g, 0, d, parts) / d;
                float c = VectorSum.dot(g, 0, n, 0, d, parts) / d;
                centre(g, 0, meanOfG, 1f, g, d);
                project(n, 0, g, -c, r, dX.floats(), dX.offset() + row * d, d);
            }
        });
        if (dWeight != null) {
            // By columns, because the order of the rows is the order of the sum.
            Ranges.run((d + 4 * L - 1) / (4 * L), rows * 4 * L, (from, to) -> {
                int column = from * 4 * L;
                int width = Math.min(d, to * 4 * L) - column;
                float[] n = Scratch.current().get(Slot.SLOPES, width);
                for (int row = 0; row < rows; row++) {
                    float r = inverseStd.floats()[inverseStd.offset() + row];
                    int at = row * d + column;
                    centre(x.floats(), x.offset() + at, means.floats()[means.offset() + row], r, n, width);
                    addProducts(
                            dOut.floats(),
                            dOut.offset() + at,
                            n,
                            0,
                            1f,
                            dWeight.floats(),
                            dWeight.offset() + column,
                            width);
                }
            });
        }
    }

    /** n = (x − mean) · r. */
    private static void centre(float[] x, int xAt, float mean, float r, float[] n, int d) {
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(d); i += L) {
            FloatVector.fromArray(Lanes.FLOATS, x, xAt + i).sub(mean).mul(r).intoArray(n, i);
        }
        for (; i < d; i++) {
            n[i] = (x[xAt + i] - mean) * r;
        }
    }

    /** out = n · r · weight + bias. */
    private static void affineRow(
            float[] n, float r, float[] weight, int weightAt, Tensor bias, float[] out, int outAt, int d) {
        float[] shift = bias.floats();
        int shiftAt = bias.offset();
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(d); i += L) {
            FloatVector.fromArray(Lanes.FLOATS, n, i)
                    .mul(r)
                    .fma(
                            FloatVector.fromArray(Lanes.FLOATS, weight, weightAt + i),
                            FloatVector.fromArray(Lanes.FLOATS, shift, shiftAt + i))
                    .intoArray(out, outAt + i);
        }
        for (; i < d; i++) {
            out[outAt + i] = Math.fma(n[i] * r, weight[weightAt + i], shift[shiftAt + i]);
        }
    }

    /** The same without a bias: a product rounded once, but of −0, which becomes 0 as with a bias of 0. */
    private static void affineRow(float[] n, float r, float[] weight, int weightAt, float[] out, int outAt, int d) {
        FloatVector zero = FloatVector.zero(Lanes.FLOATS);
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(d); i += L) {
            FloatVector.fromArray(Lanes.FLOATS, n, i)
                    .mul(r)
                    .fma(FloatVector.fromArray(Lanes.FLOATS, weight, weightAt + i), zero)
                    .intoArray(out, outAt + i);
        }
        for (; i < d; i++) {
            out[outAt + i] = Math.fma(n[i] * r, weight[weightAt + i], 0f);
        }
    }
}
