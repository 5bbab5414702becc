// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

/**
 * A token and its log-probability.
 *
 * @param token its id
 * @param logProb natural logarithm of its probability, under the distribution of {@link Generation#logProbs}
 */
public record TokenLogProb(int token, float logProb) {}
