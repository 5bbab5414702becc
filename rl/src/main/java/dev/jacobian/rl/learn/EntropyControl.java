// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.rl.objective.EntropyBonus;

/** The coefficient of an {@link EntropyBonus} as it is now: it may follow the entropy of the steps, and is saved with the run. */
public final class EntropyControl {
    private static final String COEFFICIENT = "entropy_coef";
    private static final String ENTROPY = "entropy";

    private final EntropyBonus bonus;
    private double coefficient;
    private double entropy = Double.POSITIVE_INFINITY; // of the last step

    public EntropyControl(EntropyBonus bonus) {
        this.bonus = bonus;
        this.coefficient = bonus.coefficient();
    }

    /** What the next step's bonus is weighted with. */
    public double coefficient() {
        return !bonus.adaptive() || entropy <= bonus.target() ? coefficient : 0;
    }

    /** The coefficient itself, which is what is reported. */
    public double reported() {
        return coefficient;
    }

    /** Takes in the entropy of a step. */
    public void observe(double measured) {
        if (bonus.adaptive()) {
            entropy = measured;
            double moved = coefficient + (measured < bonus.target() ? bonus.delta() : -bonus.delta());
            coefficient = Math.clamp(moved, bonus.least(), bonus.most());
        }
    }

    /** Writes what it remembers. */
    public void save(ObjectNode state) {
        if (bonus.adaptive()) {
            state.put(COEFFICIENT, coefficient);
            state.put(ENTROPY, entropy);
        }
    }

    /** Goes on from what {@link #save} wrote. */
    public void restore(JsonNode state) {
        if (bonus.adaptive() && state.path(COEFFICIENT).isNumber()) {
            coefficient = state.get(COEFFICIENT).doubleValue();
            entropy = state.path(ENTROPY).asDouble();
        }
    }
}
