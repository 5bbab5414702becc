// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

/** TRL's {@code multi_objective_aggregation}. */
public enum MultiObjective {
    /** Advantages of the weighted sum of rewards. */
    SUM_THEN_NORMALIZE,
    /** The weighted sum of each function's advantages, normalised over the batch (GDPO, arXiv 2601.05242). */
    NORMALIZE_THEN_SUM
}
