// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sft;

/**
 * One demonstration: the loss counts the completion's tokens and an end token after them, not the prompt's.
 *
 * @param prompt what the model sees
 * @param completion what it should say
 */
public record SftExample(String prompt, String completion) {}
