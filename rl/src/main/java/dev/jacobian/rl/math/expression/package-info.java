// SPDX-License-Identifier: Apache-2.0

/**
 * Trees of answers, and whether two scalar ones are equal: exact where it can be, by many digits where it cannot.
 */
package dev.jacobian.rl.math.expression;
