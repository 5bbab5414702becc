// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import java.util.List;

/** Arithmetic on elements, and sums of them. Tensors are contiguous; an output may be an input where it says so. */
public interface ElementwiseKernels {
    /** {@code out = x + y}; {@code out} may be either input. Same shapes. */
    void add(Tensor x, Tensor y, Tensor out);

    /** {@code out = x · y} elementwise; {@code out} may be either input. */
    void multiply(Tensor x, Tensor y, Tensor out);

    /** {@code out = factor · x}; {@code out} may be {@code x}. */
    void scale(Tensor x, float factor, Tensor out);

    /** {@code out = fma(factor, x, out)}. */
    void addScaled(Tensor x, float factor, Tensor out);

    /** {@code out[n, d] = x[n, d] + row[d]}; {@code out} may be {@code x}. */
    void addRow(Tensor x, Tensor row, Tensor out);

    /** {@code out[d] += Σ_n x[n, d]}, rows in order. */
    void sumRowsInto(Tensor x, Tensor out);

    /** {@code Σ x²} in double: blocks of 4096 elements as 16-way F32 fixed sums, the blocks added in order in double. */
    double sumOfSquares(Tensor x);

    /** The {@link #sumOfSquares(Tensor)} of several tensors, added in order. */
    default double sumOfSquares(List<Tensor> tensors) {
        double sum = 0;
        for (Tensor tensor : tensors) {
            sum += sumOfSquares(tensor);
        }
        return sum;
    }
}
