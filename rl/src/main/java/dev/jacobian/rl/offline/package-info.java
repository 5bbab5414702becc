// SPDX-License-Identifier: Apache-2.0

/**
 * Methods that learn from recorded data: demonstrations, pairs of which one was preferred, completions that were liked or not.
 *
 * <p>An {@link dev.jacobian.rl.offline.OfflineMethod} is a record of settings with two ideas: how a row becomes {@linkplain
 * dev.jacobian.rl.offline.Span spans} of tokens, and a {@linkplain dev.jacobian.rl.offline.Loss loss} in closed form over their
 * log-probabilities. {@link dev.jacobian.rl.offline.OfflineTrainer} does the rest, with the meaning that the settings have in Hugging
 * Face's trainer and in TRL.
 */
package dev.jacobian.rl.offline;
