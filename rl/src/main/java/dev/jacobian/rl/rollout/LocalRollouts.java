// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import dev.jacobian.transformer.CausalLM;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;

/** Samples, task after task, when the answer is wanted: all groups of a task advance together. */
final class LocalRollouts implements Rollouts {
    private final CausalLM model;
    private final Sampling sampling;
    private final Queue<RolloutTask> tasks = new ArrayDeque<>();

    /** How the samples of a task are drawn. */
    interface Sampling {
        /**
         * All groups of a task, in the order of its requests.
         *
         * @param listener is told of samples and groups as they end
         */
        List<Group> sample(RolloutTask task, RolloutListener listener);
    }

    LocalRollouts(CausalLM model, Sampling sampling) {
        this.model = model;
        this.sampling = sampling;
    }

    /** Nothing to do: the model that is updated is the one that samples. */
    @Override
    public void publish(CausalLM policy, long version) {
        if (policy != model) {
            throw new IllegalArgumentException(
                    "these rollouts sample from the model that they were made for; make others"
                            + " with Rollouts.local for another one");
        }
    }

    @Override
    public void ask(RolloutTask task) {
        tasks.add(task);
    }

    @Override
    public List<Group> next() {
        return next(RolloutListener.NONE);
    }

    @Override
    public List<Group> next(RolloutListener listener) {
        RolloutTask task = tasks.poll();
        if (task == null) {
            throw new IllegalStateException("no rollout was asked for");
        }
        RolloutEvent event = new RolloutEvent();
        event.begin();
        List<Group> groups = sampling.sample(task, listener);
        event.commit(groups);
        return groups;
    }
}
