// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.PackedMatrix;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import jdk.incubator.vector.FloatVector;

/**
 * A right operand as strips of [K, lanes]: strip s holds columns s · lanes and on, the last one padded with zeros.
 *
 * <p>A strip is what a tile reads from top to bottom, so the product streams through memory, and the padding spares its
 * loops every mask and tail.
 *
 * @param strips the numbers, [⌈N / lanes⌉, K, lanes]
 */
record PackedPanels(int rows, int columns, float[] strips) implements PackedMatrix {
    private static final int L = Lanes.COUNT;

    /** Elements from which packing is worth more than one thread. */
    private static final int PARALLEL = 1 << 16;

    /** Packs a whole matrix [K, N] of any strides. */
    static PackedPanels of(Tensor b) {
        int k = b.extent(0);
        int n = b.extent(1);
        float[] strips = new float[Math.multiplyExact(stripCount(n), Math.multiplyExact(k, L))];
        pack(b, 0, k, 0, n, strips);
        return new PackedPanels(k, n, strips);
    }

    @Override
    public WeightFormat format() {
        return WeightFormat.F32;
    }

    @Override
    public long bytes() {
        return bytes(rows, columns);
    }

    /** Bytes of a matrix [K, N] with its padding. */
    static long bytes(int k, int n) {
        return (long) Float.BYTES * L * stripCount(n) * k;
    }

    /** Columns from {@code fromColumn} on, as many as {@code out} [K, n] has. */
    void unpack(int fromColumn, Tensor out) {
        int n = out.extent(1);
        int first = fromColumn / L;
        int last = n == 0 ? first : (fromColumn + n - 1) / L + 1;
        Ranges.run(last - first, rows * L, (from, to) -> {
            for (int strip = first + from; strip < first + to; strip++) {
                unpackStrip(strip, fromColumn, out);
            }
        });
    }

    private void unpackStrip(int strip, int fromColumn, Tensor out) {
        int n = out.extent(1);
        int column = strip * L - fromColumn; // in out
        int skipped = Math.max(0, -column);
        int width = Math.min(L, n - column) - skipped;
        int from = strip * rows * L + skipped;
        int to = out.offset() + column + skipped;
        for (int p = 0; p < rows; p++) {
            System.arraycopy(strips, from + p * L, out.floats(), to + p * n, width);
        }
    }

    /** Strips needed for n columns. */
    static int stripCount(int n) {
        return (n + L - 1) / L;
    }

    /** Packs rows [p0, p0 + k) and columns [j0, j0 + n) of {@code b} to the front of {@code strips}. */
    static void pack(Tensor b, int p0, int k, int j0, int n, float[] strips) {
        float[] from = b.floats();
        int rowStep = b.stride(0);
        int columnStep = b.stride(1);
        int origin = b.offset() + p0 * rowStep + j0 * columnStep;
        int count = stripCount(n);
        if ((long) k * n < PARALLEL) {
            for (int s = 0; s < count; s++) {
                packStrip(from, origin, rowStep, columnStep, k, n, strips, s);
            }
        } else {
            ComputePool.run(count, s -> packStrip(from, origin, rowStep, columnStep, k, n, strips, s));
        }
    }

    private static void packStrip(
            float[] from, int origin, int rowStep, int columnStep, int k, int n, float[] strips, int s) {
        int first = origin + s * L * columnStep;
        int to = s * k * L;
        int width = Math.min(L, n - s * L);
        if (width < L) {
            packEdge(from, first, rowStep, columnStep, k, width, strips, to);
        } else if (columnStep == 1) {
            copyRows(from, first, rowStep, k, strips, to);
        } else {
            transpose(from, first, rowStep, columnStep, k, strips, to);
        }
    }

    private static void copyRows(float[] from, int first, int rowStep, int k, float[] strips, int to) {
        for (int p = 0; p < k; p++) {
            FloatVector.fromArray(Lanes.FLOATS, from, first + p * rowStep).intoArray(strips, to + p * L);
        }
    }

    /**
     * Turns whole blocks round in registers where they are 16 lanes wide; the rest number by number, four columns at a time:
     * enough streams to use whole cache lines, few enough not to push each other out.
     */
    private static void transpose(float[] from, int first, int rowStep, int columnStep, int k, float[] strips, int to) {
        int whole = L == 16 && rowStep == 1 ? k & -16 : 0;
        if (whole > 0) {
            Transpose16.transpose(from, first, columnStep, whole, strips, to);
            first += whole;
            k -= whole;
            to += whole * L;
        }
        for (int c = 0; c < L; c += 4) {
            int c0 = first + c * columnStep;
            int c1 = c0 + columnStep;
            int c2 = c1 + columnStep;
            int c3 = c2 + columnStep;
            int at = to + c;
            if (rowStep == 1) {
                for (int p = 0; p < k; p++) {
                    strips[at + p * L] = from[c0 + p];
                    strips[at + p * L + 1] = from[c1 + p];
                    strips[at + p * L + 2] = from[c2 + p];
                    strips[at + p * L + 3] = from[c3 + p];
                }
            } else {
                for (int p = 0; p < k; p++) {
                    strips[at + p * L] = from[c0 + p * rowStep];
                    strips[at + p * L + 1] = from[c1 + p * rowStep];
                    strips[at + p * L + 2] = from[c2 + p * rowStep];
                    strips[at + p * L + 3] = from[c3 + p * rowStep];
                }
            }
        }
    }

    private static void packEdge(
            float[] from, int first, int rowStep, int columnStep, int k, int width, float[] strips, int to) {
        for (int p = 0; p < k; p++) {
            for (int c = 0; c < L; c++) {
                strips[to + p * L + c] = c < width ? from[first + p * rowStep + c * columnStep] : 0f;
            }
        }
    }
}
