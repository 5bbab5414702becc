// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/**
 * The right operand of matrix products, rearranged once for many products (a weight that is used for every token).
 *
 * <p>Made by {@link MatrixKernels#pack} and understood only by the backend that made it. It is a snapshot: after
 * writes to the matrix {@linkplain MatrixKernels#repack pack it again}. (A device may share the matrix instead of copying it.)
 */
public interface PackedMatrix {
    /** K: rows of the matrix, the extent that a product sums over. */
    int rows();

    /** N: columns of the matrix and of every product. */
    int columns();

    /** How the numbers are held. */
    WeightFormat format();

    /** Bytes held. */
    long bytes();
}
