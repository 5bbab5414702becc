// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

/** What the number of {@link OutcomeValue} is to say. */
public enum OutcomeLoss {
    /** The log-odds of a right answer. */
    BCE,
    /** The score itself. */
    REGRESSION
}
