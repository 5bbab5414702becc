// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

/** What becomes of a rollout whose samples would be too old when it is their turn to be learned from. */
public enum StaleRollouts {
    /** It has its turn before: rollouts are learned from in the order in which they are sampled, and who is behind is waited for. */
    WAIT,
    /**
     * It is thrown away and sampled anew: rollouts are learned from in the order in which their rewards are there, and one that others
     * overtake for too long is not waited for.
     */
    DROP
}
