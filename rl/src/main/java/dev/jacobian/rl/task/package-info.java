// SPDX-License-Identifier: Apache-2.0

/**
 * Tasks: where problems come from, and how a completion is judged.
 *
 * <p>A {@link dev.jacobian.rl.task.Task} is a value. Its training problems are a pure function of seed and index, so a
 * run can be resumed at any index; its evaluation problems are always the same ones and never occur in training.
 */
package dev.jacobian.rl.task;
