// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import java.util.Optional;

/**
 * Where a run's model and problems come from, in words that can be used again to resume it.
 *
 * @param model checkpoint folder
 * @param task name of the task
 * @param data data file of the task
 */
public record RunOrigin(String model, String task, Optional<String> data) {}
