// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import dev.jacobian.rl.run.Checkpointed;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import java.util.List;
import java.util.Map;

/**
 * Decides what a run learns from: a sampler of problems, and a gate for the groups that come of them.
 *
 * <p>What it decides is a function of the seed, of the order of calls and of the groups it was shown, so that a run can be
 * resumed to the same bits; what it remembers goes into the checkpoint.
 */
public interface Curriculum extends Checkpointed {
    /**
     * A problem to sample.
     *
     * @param problem the problem
     * @param key what its random numbers are drawn from; another one for each draw of a run, and below 2^48, where those of
     *     evaluations begin
     */
    record Draw(Problem problem, long key) {}

    /** The next problems. */
    List<Draw> next(int count);

    /** Whether a group is learned from. One that is not is dropped, and the step samples others. */
    default boolean admits(ScoredGroup group) {
        return true;
    }

    /** Shows every group, admitted or not, in the order of the draws. */
    default void observe(ScoredGroup group) {}

    /**
     * Whether {@link #next} gives the same problems whatever groups were shown before, and it admits all groups: then the next ones are sampled while
     * rewards are still asked, if the run may ({@code max_staleness}). One that says so is asked for problems by one thread while another
     * shows it groups and asks for its metrics; it is saved and restored when neither does.
     */
    default boolean foresees() {
        return false;
    }

    /** What it has to say of the groups that it was shown since it was asked last: metrics by name, {@code curriculum/...}. */
    default Map<String, Double> measures() {
        return Map.of();
    }

    /** The training problems of a task in their own order; admits everything. */
    static Curriculum inOrder(Task task, long seed) {
        return new TaskOrder(task, seed);
    }
}
