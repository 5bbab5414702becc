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
}
