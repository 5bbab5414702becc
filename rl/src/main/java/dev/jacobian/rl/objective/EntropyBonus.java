// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * A bonus for undecided policies: −c H in the loss, H the mean entropy of a micro-batch's counted tokens, with its gradient.
 *
 * <p>Adaptive (Skywork-OR1, arXiv 2505.22312): the bonus acts only after a step whose entropy was at or below the target, and after each
 * step c goes up by δ where it is below, down by δ where it is above.
 *
 * @param coefficient c, at first
 * @param adaptive whether c follows a target
 * @param least smallest c
 * @param most largest c
 * @param delta how far c moves after a step
 * @param target entropy that is aimed at, in nats per token
 */
public record EntropyBonus(
        double coefficient, boolean adaptive, double least, double most, double delta, double target) {
    /** No bonus. */
    public static final EntropyBonus NONE = constant(0);

    /** Checks the numbers. */
    public EntropyBonus {
        if (!Double.isFinite(coefficient) || !(least <= most) || !(delta >= 0) || !Double.isFinite(target)) {
            throw new IllegalArgumentException(
                    "an entropy bonus needs finite numbers, entropy_coef_min <= entropy_coef_max"
                            + " and entropy_coef_delta >= 0, got " + coefficient + ", " + least + ", " + most + ", "
                            + delta
                            + " and " + target);
        }
    }

    /** The same c all the time. */
    public static EntropyBonus constant(double coefficient) {
        return new EntropyBonus(coefficient, false, 0, 1, 0, 0);
    }

    /** Whether there is nothing to add, now or later. */
    public boolean isNone() {
        return coefficient == 0 && !adaptive;
    }
}
