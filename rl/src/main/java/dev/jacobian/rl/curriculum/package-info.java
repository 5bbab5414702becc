// SPDX-License-Identifier: Apache-2.0

/**
 * Samplers of problems by name ({@code curriculum=uniform_then_hard}): {@link dev.jacobian.rl.curriculum.Curricula} makes the
 * {@link dev.jacobian.rl.rollout.Curriculum} that a configuration asks for.
 */
package dev.jacobian.rl.curriculum;
