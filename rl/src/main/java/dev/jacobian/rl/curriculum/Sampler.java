// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.curriculum;

/**
 * Which problems of a pool come next: a function of the number of the draw and of the success rates so far, and of nothing that it would have to
 * remember.
 */
@FunctionalInterface
interface Sampler {
    /**
     * Places in the pool.
     *
     * @param first how many were drawn before
     * @param count how many are wanted
     */
    int[] draw(long first, int count, SuccessRates rates);

    /** Whether success rates have a say, so that groups must have been observed before the next problems are known. */
    default boolean goesByRates() {
        return true;
    }

    /** One that goes by the number of the draw alone. */
    static Sampler byNumber(ByNumber places) {
        return new Sampler() {
            @Override
            public int[] draw(long first, int count, SuccessRates rates) {
                return places.draw(first, count);
            }

            @Override
            public boolean goesByRates() {
                return false;
            }
        };
    }

    /** Places by the number of the draw; see {@link #draw}. */
    interface ByNumber {
        /** The same without rates. */
        int[] draw(long first, int count);
    }
}
