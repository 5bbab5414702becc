// SPDX-License-Identifier: Apache-2.0
/**
 * Tools that make a set of prompts worth learning from (Kimi k1.5, arXiv 2501.12599, section 2.1): {@link
 * dev.jacobian.rl.promptset.PromptTool}s find something out of each row, and {@link dev.jacobian.rl.promptset.PromptSet} writes the rows
 * that are kept with what was found, and a picture of the distribution.
 */
package dev.jacobian.rl.promptset;
