// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/**
 * Sizes of the delta rule.
 *
 * @param keyHeads heads of queries and keys; head h reads that of h / (heads / keyHeads)
 * @param heads H: heads of values, decays and strengths; a multiple of keyHeads
 * @param keyDim elements of a query and of a key
 * @param valueDim elements of a value
 */
public record DeltaForm(int keyHeads, int heads, int keyDim, int valueDim) {
    /** Heads that share a key head. */
    public int headsPerKey() {
        return heads / keyHeads;
    }

    /** Elements of the state of a head. */
    public int stateSize() {
        return keyDim * valueDim;
    }
}
