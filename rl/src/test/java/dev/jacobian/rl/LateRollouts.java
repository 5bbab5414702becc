// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.RolloutListener;
import dev.jacobian.rl.rollout.RolloutTask;
import dev.jacobian.rl.rollout.Rollouts;
import dev.jacobian.rl.task.Task;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.transformer.CausalLM;
import java.util.List;
import java.util.Objects;

/** Samples late. */
class LateRollouts implements Rollouts {
    private final Task task;
    private final Delays delays;
    private @Nullable Rollouts inner; // null until weights are published

    LateRollouts(Task task, Delays delays) {
        this.task = task;
        this.delays = delays;
    }

    @Override
    public void publish(CausalLM policy, long version) {
        inner = Rollouts.local(policy, task);
    }

    @Override
    public void ask(RolloutTask work) {
        delays.pause();
        Objects.requireNonNull(inner).ask(work);
    }

    @Override
    public List<Group> next() {
        return next(RolloutListener.NONE);
    }

    @Override
    public List<Group> next(RolloutListener listener) {
        delays.pause();
        return Objects.requireNonNull(inner).next(listener);
    }
}
