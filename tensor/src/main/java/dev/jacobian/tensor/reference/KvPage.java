// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

/**
 * Keys and values of 16 tokens in one layer, which sequences may share.
 *
 * <p>Layout, chosen for kernels whose vector lanes are 16 keys (scores) or the elements of a value (output): keys as [kvHeads, headDim,
 * 16], values as [kvHeads, 16, valueWidth], where valueWidth is headDim rounded up to 16. Of 8 bits there are the integers q + 128, four
 * to a word, the first in the lowest bits: of keys four neighbouring elements, [kvHeads, ⌈headDim / 4⌉, 16], of values the same element of
 * four neighbouring tokens, [kvHeads, 4, valueWidth]; and their scales, of keys [kvHeads, blocks, 16], of values [kvHeads, 16, blocks].
 */
final class KvPage {
    static final int[] NO_CODES = {};

    final float[] keys; // or their scales
    final float[] values; // or their scales
    final int[] keyCodes; // none where numbers are as they were
    final int[] valueCodes;
    int users = 1;

    KvPage(float[] keys, float[] values, int[] keyCodes, int[] valueCodes) {
        this.keys = keys;
        this.values = values;
        this.keyCodes = keyCodes;
        this.valueCodes = valueCodes;
    }

    /** A copy in arrays of its own. */
    KvPage copy() {
        return new KvPage(keys.clone(), values.clone(), keyCodes.clone(), valueCodes.clone());
    }
}
