// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import dev.jacobian.rl.config.RolloutConfig;

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

    /**
     * The choices that make the method.
     *
     * @param rollout what is sampled; a constant divisor, for instance, needs the completions' limit
     */
    Algorithm algorithm(RolloutConfig rollout);
}
