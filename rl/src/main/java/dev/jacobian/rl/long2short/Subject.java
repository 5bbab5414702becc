// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.long2short;

import dev.jacobian.rl.task.Task;

/**
 * What a pipeline is about: its problems with their rewards.
 *
 * @param description all that decides them, for comparing settings
 * @param task of one turn
 */
record Subject(String description, Task task) {}
