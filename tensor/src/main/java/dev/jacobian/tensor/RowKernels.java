// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/** Reading and adding to rows of a table [T, D] by index: embeddings, and their gradients. */
public interface RowKernels {
    /** {@code out[i] = table[rows[i]]}, [R, D] from [T, D]. A BF16 or F16 table is widened. */
    void gatherRows(Tensor table, int[] rows, Tensor out);

    /**
     * Copies elements of each head of a row to elements of each head of another: where {@code from} has one head, to all of {@code
     * to}; where {@code to} has one, it receives the sum of all of {@code from}, heads in order. Other elements stay as they are.
     *
     * @param count elements of a head
     * @param from [N, heads · width] of {@code source}
     * @param to [N, heads · width] of {@code target}
     */
    void copyHeads(int count, Tensor from, HeadRun source, Tensor to, HeadRun target);

    /** {@code table[rows[i]] += x[i]}, i in order. */
    void scatterAddRows(Tensor x, int[] rows, Tensor table);
}
