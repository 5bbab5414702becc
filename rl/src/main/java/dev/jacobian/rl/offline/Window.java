// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

/**
 * The micro-batches of one optimizer step, which is what losses are divided by.
 *
 * @param microBatches how many there are; fewer in the last step of a pass than gradient_accumulation_steps says
 * @param units what a method counts ({@link OfflineMethod#units}), over all of them
 */
public record Window(int microBatches, long units) {}
