// SPDX-License-Identifier: Apache-2.0
/**
 * What a policy talks with over several turns: an {@link dev.jacobian.rl.environment.Environment} answers what it says, with text or results
 * of tools, with rewards, and says when it is over.
 */
package dev.jacobian.rl.environment;
