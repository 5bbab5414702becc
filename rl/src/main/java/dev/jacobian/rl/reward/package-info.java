// SPDX-License-Identifier: Apache-2.0

/**
 * Rewards: what a completion is worth.
 *
 * <p>A {@link dev.jacobian.rl.reward.RewardFunction} looks at one {@link dev.jacobian.rl.reward.Completion} and answers
 * with a {@link dev.jacobian.rl.reward.Score}: a value, "no reward for this one", or a failure. A failure is never
 * silently a zero, because a policy trained on the zeros of a broken checker unlearns what it knew.
 * {@link dev.jacobian.rl.reward.WeightedRewards} adds several functions up and catches what they throw. What compares samples
 * with each other is a {@link dev.jacobian.rl.reward.GroupReward} or a {@link dev.jacobian.rl.reward.BatchReward}.
 */
package dev.jacobian.rl.reward;
