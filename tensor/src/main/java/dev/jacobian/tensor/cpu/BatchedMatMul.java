// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.Tensor;

/**
 * Products of the matrices of a batch, each by {@link VectorMatMul}.
 *
 * <p>A matrix that is worth several threads by itself gets them all, one matrix after another: then they share its right
 * operand's panels. Smaller ones are divided among the threads, whole. Each product is the same chain of sums either way, so
 * the bits do not depend on it.
 */
final class BatchedMatMul {
    /** Multiply-adds in the time of one of {@link Ranges}' elements of cheap arithmetic. */
    private static final int PER_ELEMENT = 32;

    /** What taking up a matrix costs, in such elements: its views and the calls. */
    private static final int EACH = 256;

    private BatchedMatMul() {}

    static void matmul(Tensor a, Tensor b, Tensor out, boolean accumulate) {
        if (out.elements() == 0) {
            return;
        }
        int batch = out.extent(0);
        long work = (long) out.extent(1) * out.extent(2) * a.extent(2);
        if (work >= VectorMatMul.PARALLEL) {
            multiply(a, b, out, accumulate, 0, batch);
        } else {
            int packed = a.extent(2) * out.extent(2);
            int cost = EACH + packed + (int) work / PER_ELEMENT;
            Ranges.run(batch, cost, (from, to) -> multiply(a, b, out, accumulate, from, to));
        }
    }

    /** The products of matrices [from, to). */
    private static void multiply(Tensor a, Tensor b, Tensor out, boolean accumulate, int from, int to) {
        for (int i = from; i < to; i++) {
            VectorMatMul.matmul(a.select(0, i), b.select(0, i), out.select(0, i), accumulate);
        }
    }
}
