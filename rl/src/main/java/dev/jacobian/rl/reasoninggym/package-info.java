// SPDX-License-Identifier: Apache-2.0

/**
 * Rows that <a href="https://github.com/open-thought/reasoning-gym">reasoning-gym</a> printed, with its scores: a rule a file,
 * to the last digit where {@link dev.jacobian.rl.reasoninggym.GymScoring#ORIGINAL} asks for it, and a judgement of right and
 * wrong that a policy cannot talk around.
 */
package dev.jacobian.rl.reasoninggym;
