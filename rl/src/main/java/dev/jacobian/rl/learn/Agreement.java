// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

/**
 * The sampled tokens as the weights saw them that were about to learn.
 *
 * @param entropy mean entropy of the distributions that the tokens were drawn from, in nats
 * @param differenceMean mean difference between a token's log-probability and the sampler's, over the tokens that these very
 *     weights sampled
 * @param differenceMax the largest one: 0 where sampler and trainer are one engine
 */
public record Agreement(double entropy, double differenceMean, double differenceMax) {}
