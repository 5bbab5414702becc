// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

/** The order in which a pass goes through the data, and what becomes of the rest at its end. */
public enum SamplingStrategy {
    /** A new order for every pass; its last step has the rest of the rows. */
    RANDOM,
    /** The file's order in every pass; its last step has the rest of the rows. */
    SEQUENTIAL,
    /** A new order for every pass, and a step may have the end of one and the beginning of the next: all steps have the same size. */
    CONTINUOUS
}
