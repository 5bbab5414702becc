// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment;

/**
 * What the policy said in a turn.
 *
 * @param number of the turn, from 1
 * @param text without the tokens that end it; other special tokens are kept
 * @param isEnded whether it ended with an end token of the model, rather than with a text that ends turns
 */
public record Said(int number, String text, boolean isEnded) {}
