// SPDX-License-Identifier: Apache-2.0

/**
 * Learning from rollouts that somebody else sampled: a {@link dev.jacobian.rl.recorded.RolloutFile file} of token ids, log-probabilities and
 * rewards becomes {@link dev.jacobian.rl.recorded.RecordedRollouts} in the place of a sampler, so that the very same trainer, credit
 * and objectives learn from it.
 */
package dev.jacobian.rl.recorded;
