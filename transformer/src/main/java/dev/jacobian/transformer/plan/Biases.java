// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

/** Which projections of a branch have a bias. */
public enum Biases {
    /** None. */
    NONE,
    /** Those that read the branch's input, not the one that writes its output. */
    INPUTS,
    /** All. */
    ALL;

    /** Whether the projections that read the branch's input have one. */
    public boolean onInputs() {
        return this != NONE;
    }

    /** Whether the projection that writes the branch's output has one. */
    public boolean onOutput() {
        return this == ALL;
    }
}
