// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.rollout.ScoredGroup;
import java.util.List;

/**
 * A policy-optimisation method with its settings: best a record, so that a run's description has the settings and resuming
 * notices others.
 *
 * <p>A method owns its settings: a key that it lacks is an error, not a value without effect.
 */
public interface Method {
    /** The name, in lower case: value of the key {@code algorithm}. */
    String name();

    /** Where it is published. */
    default String paper() {
        return "";
    }

    /** What a person should know of these settings before the run, a sentence each. */
    default List<String> remarks() {
        return List.of();
    }

    /** Whether groups whose rewards are all equal are replaced by others unless {@code dynamic_sampling} says otherwise. */
    default boolean samplesDynamically() {
        return false;
    }

    /** Whether a group is learned from. Further problems are sampled in the place of one that is not. */
    default boolean admits(ScoredGroup group) {
        return true;
    }

    /** Whether every group is learned from: whether {@link #admits} is always true. */
    default boolean admitsAll() {
        return true;
    }

    /**
     * The choices that make the method.
     *
     * @param rollout what is sampled; a constant divisor, for instance, needs the completions' limit
     */
    Algorithm algorithm(RolloutConfig rollout);

    /**
     * The same with another value for one setting, under its name in a configuration.
     *
     * @throws IllegalArgumentException for a setting that the method lacks, and for a value that it refuses
     */
    default Method with(String setting, Object value) {
        if (!(this instanceof Record settings)) {
            throw new IllegalArgumentException(name() + " is no record, so it has no settings by name");
        }
        return (Method) ConfigTree.with(settings, setting, value);
    }
}
