// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

/**
 * The sampled tokens as the weights saw them that were about to learn.
 *
 * @param entropy mean entropy of the distributions that the tokens were drawn from, in nats
 * @param compared tokens that these very weights sampled: none of recorded samples, and the differences are then empty zeros
 * @param differenceMean mean difference between a token's log-probability and the sampler's, over those
 * @param differenceMax the largest one: 0 where sampler and trainer are one engine
 */
public record Agreement(double entropy, long compared, double differenceMean, double differenceMax) {}
