// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

/**
 * Is told of samples as they end, before the task that asked for them has its answer: rewards can be computed while the rest is sampled.
 *
 * <p>Decision: which sample ends first may depend on who samples, and on how fast. What is made of these calls must not depend on their order;
 * requests and samples come with their numbers. What is told is what the answer has, the same objects.
 *
 * <p>Called on the thread that samples, between two passes of the model: what takes long here holds up all samples, so hand it on. What
 * it throws ends the rollout.
 */
public interface RolloutListener {
    /** Hears nothing. */
    RolloutListener NONE = new RolloutListener() {};

    /**
     * A sample that the task asked for has ended, or was paused; the {@linkplain Trajectory#finish() trajectory} says which. Not told of
     * samples that had ended before the task.
     *
     * @param request number of the request in the task
     * @param sample number of the sample in its group
     */
    default void onSample(int request, int sample, Trajectory trajectory) {}

    /**
     * All samples of a request have ended or were paused; called once for each request, after its samples.
     *
     * @param request number of the request in the task
     */
    default void onGroup(int request, Group group) {}
}
