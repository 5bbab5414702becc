// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/**
 * The rows that experts work on, in order of their experts.
 *
 * <p>A pair is one choice of a token, numbered token · k + slot; each pair has a row of its own in the matrices that experts
 * read and write. Rows are sorted by expert and, within one, by pair. Everything lies on the device that chose, so that nobody
 * waits to learn which expert has how many rows.
 *
 * @param perToken k, experts of a token
 * @param offsets [E + 1] I32, where each expert's rows begin; the last is the number of pairs P
 * @param rowOfPair [P] I32
 * @param tokenOfRow [P] I32
 * @param tiles [P / {@value #TILE} + E, 2] I32, the expert and the first row of each {@value #TILE} rows of one expert, −1
 *     behind the last: what a device's blocks compute
 */
public record ExpertOrder(int perToken, Tensor offsets, Tensor rowOfPair, Tensor tokenOfRow, Tensor tiles) {
    /** Rows of a tile. */
    public static final int TILE = 64;

    /**
     * Room for the order of choices, for {@link ExpertKernels#order} to fill.
     *
     * @param chosen [N, k] I32
     */
    public static ExpertOrder of(Tensor chosen, int experts) {
        int pairs = chosen.elements();
        Device device = chosen.device();
        return new ExpertOrder(
                chosen.extent(1),
                Workspace.tensor(device, DType.I32, Shape.of(experts + 1)),
                Workspace.tensor(device, DType.I32, Shape.of(pairs)),
                Workspace.tensor(device, DType.I32, Shape.of(pairs)),
                Workspace.tensor(device, DType.I32, Shape.of(pairs / TILE + experts, 2)));
    }

    /** E. */
    public int experts() {
        return offsets.elements() - 1;
    }

    /** P, tokens times {@link #perToken}. */
    public int pairs() {
        return rowOfPair.elements();
    }
}
