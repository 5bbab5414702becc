// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * REINFORCE with an importance weight that is held within two bounds and taken as a constant: CISPO as verl has it. {@link CappedImportance}
 * has the upper bound alone, as TRL.
 *
 * <pre>
 * L_t      = −w A logp,  w = clip(ρ, 1 − ε_low, 1 + ε_high) without gradient
 * dL/dlogp = −w A
 * </pre>
 *
 * @param epsilonLow how far the weight may fall below 1, in [0, 1]; 1 is no bound
 * @param epsilonHigh how far it may rise above 1 (an offset)
 */
public record ClippedImportance(double epsilonLow, double epsilonHigh) implements TokenLoss {
    public ClippedImportance {
        if (!(epsilonLow >= 0 && epsilonLow <= 1)) {
            throw new IllegalArgumentException("epsilonLow must be in [0, 1], got " + epsilonLow);
        }
        if (!(epsilonHigh >= 0)) {
            throw new IllegalArgumentException("epsilonHigh is the offset above 1, at least 0; got " + epsilonHigh);
        }
    }

    @Override
    public Slope at(double logProb, double oldLogProb, double advantage) {
        double ratio = StrictMath.exp(logProb - oldLogProb);
        double weight = Math.clamp(ratio, 1 - epsilonLow, 1 + epsilonHigh);
        Side clipped = weight > ratio ? Side.LOW : weight < ratio ? Side.HIGH : Side.NONE;
        return new Slope(-weight * advantage * logProb, -weight * advantage, clipped);
    }
}
