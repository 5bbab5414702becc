// SPDX-License-Identifier: Apache-2.0

/**
 * The low road: a training loop of one's own, with a loss of one's own on log-probabilities.
 *
 * <p>{@link dev.jacobian.rl.loop.Trainer} has the five verbs of such a loop and decides nothing: forward and backward, the optimizer's
 * step, sampling, saving, loading. {@link dev.jacobian.rl.loop.LossFunctions} are losses that need not be written again.
 */
package dev.jacobian.rl.loop;
