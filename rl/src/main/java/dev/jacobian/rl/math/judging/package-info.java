// SPDX-License-Identifier: Apache-2.0

/**
 * Comparison of two answers by their kind.
 */
package dev.jacobian.rl.math.judging;
