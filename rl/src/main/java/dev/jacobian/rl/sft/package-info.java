// SPDX-License-Identifier: Apache-2.0

/**
 * Demonstrations: where they come from and how they become tokens.
 *
 * <p>An {@link dev.jacobian.rl.sft.SftDataset} has {@link dev.jacobian.rl.sft.SftExample}s, read from rows ({@link
 * dev.jacobian.rl.sft.SftRows}) or made up ({@link dev.jacobian.rl.sft.CountdownDemonstrations}); {@link
 * dev.jacobian.rl.sft.ExampleTokens} says which token ids they are and which of these are learned. What is learned from them stands in {@link
 * dev.jacobian.rl.offline}.
 */
package dev.jacobian.rl.sft;
