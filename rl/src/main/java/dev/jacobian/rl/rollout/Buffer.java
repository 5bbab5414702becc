// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import dev.jacobian.rl.run.Checkpointed;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Where admitted groups wait to be learned from. One that keeps groups for later steps is a replay buffer; what it holds between
 * steps goes into the checkpoint.
 */
public interface Buffer extends Checkpointed {
    /** Takes in a group. */
    void add(ScoredGroup group);

    /**
     * How many groups are sampled next, at least one.
     *
     * @param count how many the step learns from
     * @param version optimizer steps that the weights have seen which will learn from them
     */
    default int wanted(int count, long version) {
        return count;
    }

    /**
     * Gives up groups of earlier steps of which nothing may be learned any more, before a step asks for others. Who keeps none for later steps has
     * nothing to do.
     *
     * @param outdated which
     */
    default void forget(Predicate<ScoredGroup> outdated) {}

    /**
     * The groups of one step.
     *
     * @param count how many the step wants
     * @param version optimizer steps that the weights have seen which will learn from them
     * @return as many, or none while there are not enough: then more are sampled
     */
    List<ScoredGroup> draw(int count, long version);

    /** What it holds for later steps, so that it can be looked at before a run goes on. */
    default List<ScoredGroup> held() {
        return List.of();
    }

    /** Whether it gives a step's groups whenever it has taken in as many since the last ones, and does not choose by what they earned. */
    default boolean foresees() {
        return false;
    }

    /** What it has to say of the last step's groups: metrics by name, {@code buffer/...}. */
    default Map<String, Double> measures() {
        return Map.of();
    }

    /** Holds the groups of the current step only, first come, first learned from; what is too much is forgotten. */
    static Buffer none() {
        return new FreshGroups();
    }
}
