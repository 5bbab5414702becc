// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

/**
 * The cached keys and values of one head of one sequence, as the tiles of attention read them.
 *
 * <p>Whoever has several tiles of queries goes strip by strip, all tiles over one before the next: strips lie at multiples of their length.
 */
interface CachedHead {

    /** Keys that are worth one round of all tiles; a multiple of a page. */
    int strip();

    /**
     * Dot products of four queries with the keys [first, end), first being the first of a page, and some more up to the end of a tile.
     *
     * @param queries [headDim, 4] from {@code qFrom}
     * @param scores receives that of row r with key j at {@code sAt + r * sRow + j}
     */
    void scores(float[] queries, int qFrom, int first, int end, float[] scores, int sAt, int sRow);

    /** Adds e_j v_j over the keys [first, end) to four rows of sums; e of key j of row r at {@code eAt + r * eRow + j}. */
    void values(int first, int end, float[] e, int eAt, int eRow, float[] sums, int sumsAt);

    /** The same for one row. */
    void rowValues(int first, int end, float[] e, int eAt, float[] sums, int sumsAt);
}
