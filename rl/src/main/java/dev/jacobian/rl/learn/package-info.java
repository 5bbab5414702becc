// SPDX-License-Identifier: Apache-2.0

/**
 * Learning. {@link dev.jacobian.rl.learn.Learner} is the optimizer step that every trainer shares, whatever the gradient comes
 * from; {@link dev.jacobian.rl.learn.PolicyGradient} is the gradient of a step of reinforcement learning, over
 * {@link dev.jacobian.rl.learn.CreditedGroup groups with advantages}, scored by the policy and, where a method has an anchor, by a
 * {@link dev.jacobian.rl.learn.ReferencePolicy}.
 */
package dev.jacobian.rl.learn;
