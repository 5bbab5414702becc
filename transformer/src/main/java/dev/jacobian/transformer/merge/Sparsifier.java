// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.merge;

/** What of a task vector stays: a share of its elements, the density; the others become 0. */
enum Sparsifier {
    /** All of it. */
    NONE {
        @Override
        void apply(float[] delta, double density, MergedTensor tensor, int model) {
            // nothing goes
        }
    },

    /** The ⌊density · n⌋ elements of the largest magnitude, of equal ones those that come first. */
    MAGNITUDE {
        @Override
        void apply(float[] delta, double density, MergedTensor tensor, int model) {
            int kept = (int) (density * delta.length);
            if (kept < delta.length) {
                keepLargest(delta, kept);
            }
        }
    },

    /** Each element with the probability that the density is, by the seed. */
    RANDOM {
        @Override
        void apply(float[] delta, double density, MergedTensor tensor, int model) {
            if (density >= 1) {
                return;
            }
            Pieces.run(delta.length, (from, to) -> {
                for (int i = from; i < to; i++) {
                    if (tensor.uniform(model, i) >= density) {
                        delta[i] = 0;
                    }
                }
            });
        }
    };

    private static final int HIGH_BITS = 16;
    private static final int LOW_BITS = 32 - HIGH_BITS;

    /** Makes 0 of what does not stay. */
    abstract void apply(float[] delta, double density, MergedTensor tensor, int model);

    /** Whether a tensor of so many elements keeps any. */
    boolean keepsAny(double density, int elements) {
        return this != MAGNITUDE || (int) (density * elements) > 0;
    }

    /**
     * Magnitudes are ordered as their bits are, so the smallest that stays is found by counting the upper halves of the bits and then, among
     * those of one upper half, the lower: two looks at the tensor and no sorting.
     */
    private static void keepLargest(float[] delta, int kept) {
        int[] counts = new int[1 << HIGH_BITS];
        for (float element : delta) {
            counts[magnitude(element) >>> LOW_BITS]++;
        }
        int left = kept;
        int high = counts.length - 1;
        while (counts[high] < left) {
            left -= counts[high--];
        }
        int[] lower = new int[1 << LOW_BITS];
        for (float element : delta) {
            if (magnitude(element) >>> LOW_BITS == high) {
                lower[magnitude(element) & (lower.length - 1)]++;
            }
        }
        int low = lower.length - 1;
        while (lower[low] < left) {
            left -= lower[low--];
        }
        int smallest = high << LOW_BITS | low;
        for (int i = 0; i < delta.length; i++) { // left: how many of exactly that magnitude stay
            int magnitude = magnitude(delta[i]);
            if (magnitude < smallest || magnitude == smallest && left-- <= 0) {
                delta[i] = 0;
            }
        }
    }

    private static int magnitude(float element) {
        return Float.floatToRawIntBits(element) & Integer.MAX_VALUE;
    }
}
