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
        /** All groups of a task, in the order of its requests. */
        List<Group> sample(RolloutTask task);
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
        RolloutTask task = tasks.poll();
        if (task == null) {
            throw new IllegalStateException("no rollout was asked for");
        }
        RolloutEvent event = new RolloutEvent();
        event.begin();
        List<Group> groups = sampling.sample(task);
        event.commit(groups);
        return groups;
    }
}
