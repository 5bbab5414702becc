// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import dev.jacobian.rl.task.Problem;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.util.List;
import java.util.Optional;

/**
 * Work for a sampler, as a plain value: it can be done here or on another machine that has the weights of that version.
 *
 * @param requests what to sample, one group each
 * @param generation how to sample
 * @param pauseAfter tokens after which a sample that has not ended is paused, to be continued by a later task, perhaps under
 *     newer weights; {@link #NEVER} for samples that run to their end
 * @param weightVersion version of the weights to sample with
 */
public record RolloutTask(List<Request> requests, GenerationConfig generation, int pauseAfter, long weightVersion) {
    /** No pause. */
    public static final int NEVER = Integer.MAX_VALUE;

    /**
     * One group to sample, or to go on with.
     *
     * @param problem whose prompt is completed
     * @param key what identifies it to the random generator, so that samples do not depend on who draws them
     * @param samples how many
     * @param begun trajectories to go on from, all samples of the group; those that have ended come back as they are
     */
    public record Request(Problem problem, long key, int samples, Optional<Group> begun) {
        /** Samples from the problem's prompt. */
        public Request(Problem problem, long key, int samples) {
            this(problem, key, samples, Optional.empty());
        }

        /** Goes on with the paused samples of a group. */
        public static Request continuing(Group group) {
            return new Request(group.problem(), group.key(), group.size(), Optional.of(group));
        }
    }

    public RolloutTask {
        requests = List.copyOf(requests);
    }

    /** Samples that run to their end. */
    public RolloutTask(List<Request> requests, GenerationConfig generation, long weightVersion) {
        this(requests, generation, NEVER, weightVersion);
    }
}
