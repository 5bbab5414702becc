// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * What an objective says about one micro-batch.
 *
 * @param loss this micro-batch's share of the optimizer step's loss
 * @param gradLogProbs [N] dloss/dlogp of every token; 0 where the mask is false
 * @param statistics counts and sums that add up over micro-batches
 */
public record ObjectiveResult(double loss, float[] gradLogProbs, ObjectiveStatistics statistics) {}
