// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.ElementwiseKernels;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cpu.Scratch.Slot;
import jdk.incubator.vector.FloatVector;

/** Elementwise arithmetic and sums over rows. */
final class VectorElementwise implements ElementwiseKernels {
    private static final int L = Lanes.COUNT;

    /** Elements per F32 block of {@link #sumOfSquares}; part of the specification. */
    private static final int BLOCK = 4096;

    @Override
    public void add(Tensor x, Tensor y, Tensor out) {
        Ranges.run(
                x.elements(),
                1,
                (from, to) -> add(
                        x.floats(),
                        x.offset() + from,
                        y.floats(),
                        y.offset() + from,
                        out.floats(),
                        out.offset() + from,
                        to - from));
    }

    /** o = x + y. */
    static void add(float[] x, int xFrom, float[] y, int yFrom, float[] o, int oFrom, int n) {
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector.fromArray(Lanes.FLOATS, x, xFrom + i)
                    .add(FloatVector.fromArray(Lanes.FLOATS, y, yFrom + i))
                    .intoArray(o, oFrom + i);
        }
        for (; i < n; i++) {
            o[oFrom + i] = x[xFrom + i] + y[yFrom + i];
        }
    }

    @Override
    public void multiply(Tensor x, Tensor y, Tensor out) {
        Ranges.run(
                x.elements(),
                1,
                (from, to) -> multiply(
                        x.floats(),
                        x.offset() + from,
                        y.floats(),
                        y.offset() + from,
                        out.floats(),
                        out.offset() + from,
                        to - from));
    }

    /** o = x · y. */
    static void multiply(float[] x, int xFrom, float[] y, int yFrom, float[] o, int oFrom, int n) {
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector.fromArray(Lanes.FLOATS, x, xFrom + i)
                    .mul(FloatVector.fromArray(Lanes.FLOATS, y, yFrom + i))
                    .intoArray(o, oFrom + i);
        }
        for (; i < n; i++) {
            o[oFrom + i] = x[xFrom + i] * y[yFrom + i];
        }
    }

    @Override
    public void scale(Tensor x, float factor, Tensor out) {
        Ranges.run(
                x.elements(),
                1,
                (from, to) ->
                        scale(x.floats(), x.offset() + from, factor, out.floats(), out.offset() + from, to - from));
    }

    /** o = factor · x. */
    static void scale(float[] x, int xFrom, float factor, float[] o, int oFrom, int n) {
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector.fromArray(Lanes.FLOATS, x, xFrom + i).mul(factor).intoArray(o, oFrom + i);
        }
        for (; i < n; i++) {
            o[oFrom + i] = factor * x[xFrom + i];
        }
    }

    @Override
    public void addScaled(Tensor x, float factor, Tensor out) {
        Ranges.run(
                x.elements(),
                1,
                (from, to) ->
                        addScaled(x.floats(), x.offset() + from, factor, out.floats(), out.offset() + from, to - from));
    }

    /** o = fma(factor, x, o). */
    static void addScaled(float[] x, int xFrom, float factor, float[] o, int oFrom, int n) {
        int i = 0;
        FloatVector f = FloatVector.broadcast(Lanes.FLOATS, factor);
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            f.fma(FloatVector.fromArray(Lanes.FLOATS, x, xFrom + i), FloatVector.fromArray(Lanes.FLOATS, o, oFrom + i))
                    .intoArray(o, oFrom + i);
        }
        for (; i < n; i++) {
            o[oFrom + i] = Math.fma(factor, x[xFrom + i], o[oFrom + i]);
        }
    }

    /** o = fma(x, y, o). */
    static void addProduct(float[] x, int xFrom, float[] y, int yFrom, float[] o, int oFrom, int n) {
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector.fromArray(Lanes.FLOATS, x, xFrom + i)
                    .fma(
                            FloatVector.fromArray(Lanes.FLOATS, y, yFrom + i),
                            FloatVector.fromArray(Lanes.FLOATS, o, oFrom + i))
                    .intoArray(o, oFrom + i);
        }
        for (; i < n; i++) {
            o[oFrom + i] = Math.fma(x[xFrom + i], y[yFrom + i], o[oFrom + i]);
        }
    }

    /** o = x − y. */
    static void subtract(float[] x, int xFrom, float[] y, int yFrom, float[] o, int oFrom, int n) {
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector.fromArray(Lanes.FLOATS, x, xFrom + i)
                    .sub(FloatVector.fromArray(Lanes.FLOATS, y, yFrom + i))
                    .intoArray(o, oFrom + i);
        }
        for (; i < n; i++) {
            o[oFrom + i] = x[xFrom + i] - y[yFrom + i];
        }
    }

    @Override
    public void addRow(Tensor x, Tensor row, Tensor out) {
        int d = row.elements();
        if (d == 0) {
            return;
        }
        Ranges.run(x.elements() / d, d, (from, to) -> {
            for (int n = from; n < to; n++) {
                add(x.floats(), x.offset() + n * d, row.floats(), row.offset(), out.floats(), out.offset() + n * d, d);
            }
        });
    }

    /** Columns are divided among the threads, not rows: the rows' order is the order of the sum. */
    @Override
    public void sumRowsInto(Tensor x, Tensor out) {
        int d = out.elements();
        if (d == 0) {
            return;
        }
        int rows = x.elements() / d;
        int blocks = (d + 4 * L - 1) / (4 * L);
        Ranges.run(blocks, rows * 4 * L, (from, to) -> {
            for (int block = from; block < to; block++) {
                int c = block * 4 * L;
                sumColumns(x.floats(), x.offset() + c, rows, d, out.floats(), out.offset() + c, Math.min(4 * L, d - c));
            }
        });
    }

    private static void sumColumns(float[] x, int xFrom, int rows, int d, float[] o, int oFrom, int n) {
        if (n < 4 * L) {
            for (int row = 0; row < rows; row++) {
                add(o, oFrom, x, xFrom + row * d, o, oFrom, n);
            }
            return;
        }
        FloatVector s0 = FloatVector.fromArray(Lanes.FLOATS, o, oFrom);
        FloatVector s1 = FloatVector.fromArray(Lanes.FLOATS, o, oFrom + L);
        FloatVector s2 = FloatVector.fromArray(Lanes.FLOATS, o, oFrom + 2 * L);
        FloatVector s3 = FloatVector.fromArray(Lanes.FLOATS, o, oFrom + 3 * L);
        for (int row = 0; row < rows; row++) {
            int at = xFrom + row * d;
            s0 = s0.add(FloatVector.fromArray(Lanes.FLOATS, x, at));
            s1 = s1.add(FloatVector.fromArray(Lanes.FLOATS, x, at + L));
            s2 = s2.add(FloatVector.fromArray(Lanes.FLOATS, x, at + 2 * L));
            s3 = s3.add(FloatVector.fromArray(Lanes.FLOATS, x, at + 3 * L));
        }
        s0.intoArray(o, oFrom);
        s1.intoArray(o, oFrom + L);
        s2.intoArray(o, oFrom + 2 * L);
        s3.intoArray(o, oFrom + 3 * L);
    }

    @Override
    public double sumOfSquares(Tensor x) {
        int n = x.elements();
        int blocks = (n + BLOCK - 1) / BLOCK;
        float[] sums = Scratch.current().get(Slot.RIGHT, blocks);
        Ranges.run(blocks, BLOCK, (from, to) -> {
            float[] parts = Scratch.current().get(Slot.LANES, VectorSum.PARTS);
            for (int block = from; block < to; block++) {
                int at = x.offset() + block * BLOCK;
                sums[block] = VectorSum.dot(x.floats(), at, x.floats(), at, Math.min(BLOCK, n - block * BLOCK), parts);
            }
        });
        double total = 0;
        for (int block = 0; block < blocks; block++) {
            total += sums[block];
        }
        return total;
    }
}
