// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/** Reading and adding to rows of a table [T, D] by index: embeddings, and their gradients. */
public interface RowKernels {
    /** {@code out[i] = table[rows[i]]}, [R, D] from [T, D]. A BF16 or F16 table is widened. */
    void gatherRows(Tensor table, int[] rows, Tensor out);

    /** {@code table[rows[i]] += x[i]}, i in order. */
    void scatterAddRows(Tensor x, int[] rows, Tensor table);
}
