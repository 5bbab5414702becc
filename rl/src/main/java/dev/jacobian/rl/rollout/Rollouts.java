// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import java.util.List;

/**
 * Carries out rollout tasks. {@link #local} samples in this process when it is asked for results; another may work on several
 * tasks at once, ahead of the learner, or on other machines.
 *
 * <p>Decision: results come in the order of the tasks, whatever order they were finished in. So what a run computes does not
 * depend on who was faster.
 */
public interface Rollouts {
    /**
     * The weights that tasks of this version and later ones are sampled with; called once before the first task and after every
     * step. Whoever samples elsewhere takes a copy here.
     *
     * @param version optimizer steps that they have seen
     */
    void publish(CausalLM policy, long version);

    /** Hands over work; does not wait. */
    void ask(RolloutTask task);

    /**
     * The groups of the earliest task that has not been answered, one for each request, in order; waits for them.
     *
     * @throws IllegalStateException if nothing was asked
     */
    List<Group> next();

    /**
     * The same, and tells of samples as they end. Who cannot tell earlier does so when all have.
     *
     * @param listener is told on the calling thread
     */
    default List<Group> next(RolloutListener listener) {
        List<Group> groups = next();
        for (int g = 0; g < groups.size(); g++) {
            Group group = groups.get(g);
            for (int s = 0; s < group.size(); s++) {
                listener.onSample(g, s, group.samples().get(s));
            }
            listener.onGroup(g, group);
        }
        return groups;
    }

    /** Whose log-probabilities samples come with. */
    enum LogProbs {
        /** This engine's, for the weights that sampled: they are those that a ratio refers to. */
        OWN,
        /** Somebody else's; kept beside what this engine says of the tokens, and a method may correct for the difference. */
        REPORTED,
        /** Nobody's. */
        UNKNOWN
    }

    /** Whose log-probabilities the samples have. */
    default LogProbs logProbs() {
        return LogProbs.OWN;
    }

    /** Asks, and waits for the answer; for callers that have nothing else under way. */
    default List<Group> run(RolloutTask task) {
        return run(task, RolloutListener.NONE);
    }

    /** Asks, hears of samples as they end, and waits for the answer. */
    default List<Group> run(RolloutTask task, RolloutListener listener) {
        ask(task);
        return next(listener);
    }

    /** Samples from {@code model} itself: the weights that train are the weights that sample. */
    static Rollouts local(CausalLM model) {
        return new LocalRollouts(model, new SingleTurns(model, Carrier.local(model)));
    }

    /** The same for a task, whose environment answers the policy if it has one. */
    static Rollouts local(CausalLM model, Task task) {
        return task.environment()
                .<Rollouts>map(environment -> new LocalRollouts(model, new Episodes(model, environment)))
                .orElseGet(() -> local(model));
    }

    /**
     * Has a carrier generate: samples are the same bits, whoever draws them.
     *
     * @param model whose tokenizer makes the prompts; its weights are what is {@linkplain #publish published}
     * @throws IllegalArgumentException if the task has an environment, whose sessions are in this process
     */
    static Rollouts carried(CausalLM model, Task task, Carrier carrier) {
        task.environment().ifPresent(environment -> {
            throw new IllegalArgumentException("environment '" + environment.name() + "' answers the policy turn by"
                    + " turn in this process, and its episodes are not carried elsewhere; sample in this process");
        });
        return new CarriedRollouts(model, carrier);
    }
}
