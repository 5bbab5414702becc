// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.graphs;

import dev.jacobian.tensor.cuda.engine.CudaArray;
import dev.jacobian.tensor.cuda.engine.CudaArray.View;
import dev.jacobian.tensor.cuda.engine.Places;
import java.util.Arrays;

/**
 * All that changes from one step of decoding to the next, as integers in one place on the device: one upload fills it, and a
 * graph that was captured with it computes the new step.
 *
 * <p>A batch of n sequences is a batch of {@link #rows} of them, with rows that nobody reads behind the n: token 0 at position
 * 0 of page 0, stored nowhere.
 */
public final class DecodeInputs {
    private static final int PER_ROW = 4;

    private final int rows;
    private final int pages;
    private final CudaArray array;

    // What a pass is handed: the kernels read the places below instead, so only identity and length count after the
    // first.
    private final int[] tokens; // [rows]
    private final int[] positions; // [rows]
    private final int[] sequences; // [rows]

    /**
     * Inputs of one shape.
     *
     * @param rows of the batch
     * @param pages of the longest sequence, or more
     * @param array at least {@link #length} integers
     */
    DecodeInputs(int rows, int pages, CudaArray array) {
        this.rows = rows;
        this.pages = pages;
        this.array = array;
        this.tokens = new int[rows];
        this.positions = new int[rows];
        this.sequences = new int[rows];
        Arrays.fill(sequences, -1);
    }

    /** Integers of a shape. */
    static int length(int rows, int pages) {
        return Math.multiplyExact(rows, PER_ROW + pages);
    }

    /**
     * The integers of a step, in the order of the places.
     *
     * @param newTokens [n], {@code lengths}: of the sequences without them
     * @param slots [n] where the new keys go
     * @param table [n, pages] page numbers
     */
    public int[] pack(int[] newTokens, int[] lengths, int[] slots, int[] table) {
        int n = newTokens.length;
        int[] packed = new int[length(rows, pages)];
        System.arraycopy(newTokens, 0, packed, 0, n);
        System.arraycopy(lengths, 0, packed, rows, n);
        System.arraycopy(slots, 0, packed, 2 * rows, n);
        Arrays.fill(packed, 2 * rows + n, 3 * rows, -1);
        for (int i = 0; i < rows; i++) {
            packed[3 * rows + i] = i < n ? lengths[i] + 1 : 1;
        }
        System.arraycopy(table, 0, packed, PER_ROW * rows, table.length);
        return packed;
    }

    CudaArray array() {
        return array;
    }

    int rows() {
        return rows;
    }

    /** Stands for the ids of the new tokens, [rows]. */
    int[] tokens() {
        return tokens;
    }

    /** Stands for the positions of the new tokens, [rows]. */
    int[] positions() {
        return positions;
    }

    /** Stands for the sequences, [rows]; the cache knows it again. */
    public int[] sequences() {
        return sequences;
    }

    /** Where kernels find what a pass is handed. */
    Places places() {
        return new Places().put(tokens, new View(array, 0)).put(positions, histories());
    }

    /** Tokens of each sequence before the new one, [rows]: its position. */
    public View histories() {
        return new View(array, rows);
    }

    /** Where each row's keys and values go, [rows]; negative for nowhere. */
    public View slots() {
        return new View(array, 2 * rows);
    }

    /** Tokens of each sequence, the new one among them, [rows]. */
    public View lengths() {
        return new View(array, 3 * rows);
    }

    /** Page numbers, [rows, {@link #pages}]. */
    public View pageTable() {
        return new View(array, PER_ROW * rows);
    }

    public int pages() {
        return pages;
    }
}
