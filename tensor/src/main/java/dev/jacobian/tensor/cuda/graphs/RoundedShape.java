// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.graphs;

/**
 * The shape of a step of decoding, rounded up so that few come up while sequences grow and end one by one.
 *
 * <p>Decisions: rows go to quarters of powers of two, because a row more costs decoding little; pages to powers of two, because
 * kernels read the lengths and leave out what is beyond. Steps are rounded whether they are captured or not: other shapes could
 * make cuBLAS choose other kernels, and so other bits. Where sums have a fixed order they are those of the batch as it is.
 *
 * @param rows of the batch
 * @param pages that a row of the table of pages has
 */
public record RoundedShape(int rows, int pages) {
    private static final int FEWEST_PAGES = 16;

    /** The shape for a batch of so many rows whose longest sequence has so many pages: at most a quarter more rows. */
    public static RoundedShape of(int rows, int pages) {
        int step = Math.max(1, Integer.highestOneBit(Math.max(1, rows - 1)) / 4);
        return new RoundedShape(
                Math.ceilDiv(rows, step) * step,
                Math.max(FEWEST_PAGES, 2 * Integer.highestOneBit(Math.max(1, pages - 1))));
    }
}
