// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.rl.task.Problem;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.util.List;

/**
 * Work for a sampler, as a plain value: it can run here or on another machine that has the weights of that version.
 *
 * @param problems prompts to complete
 * @param keys what identifies each prompt to the random generator, so that samples do not depend on who draws them
 * @param samples completions per prompt
 * @param generation how to sample
 * @param weightVersion version of the weights to sample with
 */
public record RolloutTask(
        List<Problem> problems, long[] keys, int samples, GenerationConfig generation, long weightVersion) {}
