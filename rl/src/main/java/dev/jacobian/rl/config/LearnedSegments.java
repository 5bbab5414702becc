// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

/** Which tokens of a sample are learned from that weights of several rollouts chose. */
public enum LearnedSegments {
    /** All of them, each with the ratio to the weights that chose it. */
    ALL,
    /** Those that the weights of this rollout chose; what is before stands as a tool's text does. */
    CURRENT,
    /** Those that weights of at most so many rollouts ago chose. */
    RECENT
}
