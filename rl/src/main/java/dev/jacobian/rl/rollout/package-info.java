// SPDX-License-Identifier: Apache-2.0

/**
 * Rollouts: what the policy did, and who lets it act.
 *
 * <p>A {@link dev.jacobian.rl.rollout.RolloutTask} asks, {@link dev.jacobian.rl.rollout.Rollouts} sample, and a
 * {@link dev.jacobian.rl.rollout.Group} of {@link dev.jacobian.rl.rollout.Trajectory trajectories} comes back: plain values of
 * token ids, so that none of it depends on where it was done. A {@link dev.jacobian.rl.rollout.RolloutListener} hears of samples as they end.
 *
 * <p>A {@link dev.jacobian.rl.rollout.Carrier} has the tokens generated, here or elsewhere.
 *
 * <p>A {@link dev.jacobian.rl.rollout.Curriculum} says which problems are asked and which groups are learned from, a
 * {@link dev.jacobian.rl.rollout.Buffer} when; {@link dev.jacobian.rl.rollout.Scoring} asks the rewards.
 */
package dev.jacobian.rl.rollout;
