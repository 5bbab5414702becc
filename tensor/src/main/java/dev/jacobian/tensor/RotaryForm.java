// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/**
 * Which elements of a head {@link PositionKernels#rotary} turns.
 *
 * @param headDim elements of a head
 * @param dimensions even; so many at the head's beginning are turned, the rest stays as it is
 * @param pairing which of them are turned together
 */
public record RotaryForm(int headDim, int dimensions, Pairing pairing) {
    /** The two elements that the angle of pair i turns. */
    public enum Pairing {
        /** i and i + dimensions/2: the half-split layout of most models on the Hugging Face Hub. */
        HALVES,
        /** 2i and 2i + 1, as the paper has it (Su et al., 2021, arXiv:2104.09864). */
        NEIGHBOURS
    }

    public RotaryForm {
        if (dimensions < 2 || dimensions % 2 != 0 || dimensions > headDim) {
            throw new IllegalArgumentException("rotary: " + dimensions
                    + " elements cannot be turned in pairs at head size " + headDim + "; give an even number up to it");
        }
    }

    /** Whole heads in halves. */
    public static RotaryForm whole(int headDim) {
        return new RotaryForm(headDim, headDim, Pairing.HALVES);
    }
}
