// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

/**
 * Where a run stands. Together with weights, optimizer moments and configuration this is all that a resumed run needs.
 *
 * @param step rollouts learned from
 * @param tokens tokens computed in rollouts so far
 * @param samples completions sampled so far
 * @param passAt1Before held-out pass@1 before training
 * @param differenceMax largest sampler–trainer log-probability difference so far
 * @param seconds time spent so far
 */
record TrainerState(int step, long tokens, long samples, double passAt1Before, double differenceMax, double seconds) {
    static final TrainerState START = new TrainerState(0, 0, 0, 0, 0, 0);

    TrainerState advanced(long moreTokens, long moreSamples) {
        return new TrainerState(
                step + 1, tokens + moreTokens, samples + moreSamples, passAt1Before, differenceMax, seconds);
    }

    TrainerState withPassAt1Before(double value) {
        return new TrainerState(step, tokens, samples, value, differenceMax, seconds);
    }

    TrainerState withDifference(double value) {
        return new TrainerState(step, tokens, samples, passAt1Before, Math.max(differenceMax, value), seconds);
    }

    TrainerState withSeconds(double value) {
        return new TrainerState(step, tokens, samples, passAt1Before, differenceMax, value);
    }
}
