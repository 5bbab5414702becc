// SPDX-License-Identifier: Apache-2.0

/**
 * Rewards by name, with their settings: what {@code jacobian rewards} lists, and what {@code score}, {@code rl} and {@code eval} choose from.
 *
 * <p>{@link dev.jacobian.rl.reward.catalog.Rewards} has one line for each. It knows the rewards; nothing that gives rewards knows it.
 */
package dev.jacobian.rl.reward.catalog;
