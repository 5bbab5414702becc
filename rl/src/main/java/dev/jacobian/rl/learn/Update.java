// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

/**
 * What one optimizer step saw.
 *
 * @param loss the loss of the whole step
 * @param gradientNorm Euclidean norm of the whole gradient, before it was clipped
 * @param learningRate the rate that the schedule gave
 */
public record Update(double loss, double gradientNorm, double learningRate) {}
