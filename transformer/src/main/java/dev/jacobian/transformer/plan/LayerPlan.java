// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

/**
 * One layer: two branches that are added to the hidden state.
 *
 * @param residual how the branches are joined, and where norms stand
 * @param norm of the branches
 * @param mixer the branch that mixes positions
 * @param feedForward the branch that works on each position alone
 */
public record LayerPlan(Residual residual, Norm norm, Mixer mixer, FeedForward feedForward) {}
