// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import dev.jacobian.tensor.ElementwiseKernels;
import dev.jacobian.tensor.Tensor;

/** Elementwise arithmetic and sums over rows. */
final class ReferenceElementwise implements ElementwiseKernels {
    /** Elements per F32 block of {@link #sumOfSquares}; the blocks are added in double. */
    static final int BLOCK = 4096;

    @Override
    public void add(Tensor x, Tensor y, Tensor out) {
        for (int i = 0; i < x.elements(); i++) {
            out.floats()[out.offset() + i] = x.floats()[x.offset() + i] + y.floats()[y.offset() + i];
        }
    }

    @Override
    public void multiply(Tensor x, Tensor y, Tensor out) {
        for (int i = 0; i < x.elements(); i++) {
            out.floats()[out.offset() + i] = x.floats()[x.offset() + i] * y.floats()[y.offset() + i];
        }
    }

    @Override
    public void scale(Tensor x, float factor, Tensor out) {
        for (int i = 0; i < x.elements(); i++) {
            out.floats()[out.offset() + i] = factor * x.floats()[x.offset() + i];
        }
    }

    @Override
    public void addScaled(Tensor x, float factor, Tensor out) {
        for (int i = 0; i < x.elements(); i++) {
            int at = out.offset() + i;
            out.floats()[at] = Math.fma(factor, x.floats()[x.offset() + i], out.floats()[at]);
        }
    }

    @Override
    public void addRow(Tensor x, Tensor row, Tensor out) {
        int d = row.elements();
        for (int i = 0; i < x.elements(); i++) {
            out.floats()[out.offset() + i] = x.floats()[x.offset() + i] + row.floats()[row.offset() + i % d];
        }
    }

    @Override
    public void sumRowsInto(Tensor x, Tensor out) {
        int d = out.elements();
        for (int i = 0; i < x.elements(); i++) {
            out.floats()[out.offset() + i % d] += x.floats()[x.offset() + i];
        }
    }

    @Override
    public double sumOfSquares(Tensor x) {
        double total = 0;
        for (int from = 0; from < x.elements(); from += BLOCK) {
            int n = Math.min(BLOCK, x.elements() - from);
            total += FixedSum.dot(x.floats(), x.offset() + from, x.floats(), x.offset() + from, n);
        }
        return total;
    }
}
