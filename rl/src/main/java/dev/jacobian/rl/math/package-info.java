// SPDX-License-Identifier: Apache-2.0

/**
 * Whether an answer to a problem of mathematics is right: {@link dev.jacobian.rl.math.MathAnswers} for anybody, {@link dev.jacobian.rl.math.MathReward}
 * for training.
 *
 * <p>An answer goes through four rooms, each of which knows only those before it: {@code expression} (trees, exact and numeric values),
 * {@code reading} (text to trees), {@code extraction} (the final answer of a completion), {@code judging} (comparison by kind).
 */
package dev.jacobian.rl.math;
