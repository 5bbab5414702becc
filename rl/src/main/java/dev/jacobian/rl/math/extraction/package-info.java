// SPDX-License-Identifier: Apache-2.0

/**
 * The final answer of a completion.
 */
package dev.jacobian.rl.math.extraction;
