// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.rl.task.Problem;
import java.util.List;

/**
 * A prompt and its samples: what advantages are computed within.
 *
 * @param problem the problem
 * @param promptIds its prompt as token ids
 * @param samples completions of that prompt
 */
public record Group(Problem problem, int[] promptIds, List<Trajectory> samples) {
    public Group {
        samples = List.copyOf(samples);
    }

    /** Tokens that one forward pass of the whole group computes: the prompt once, and every completion. */
    public int tokens() {
        return promptIds.length + samples.stream().mapToInt(Trajectory::length).sum();
    }
}
