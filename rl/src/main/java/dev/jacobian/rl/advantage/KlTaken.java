// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import java.util.List;

/**
 * Another estimator's advantages of rewards from which a KL penalty has been taken, token by token.
 *
 * @param inner what makes advantages
 * @param penalty what is taken
 */
public record KlTaken(AdvantageEstimator inner, TokenKl penalty) implements AdvantageEstimator {
    @Override
    public List<GroupAdvantages> advantages(List<GroupRewards> batch) {
        return inner.advantages(batch.stream().map(penalty::taken).toList());
    }

    @Override
    public boolean needsReference() {
        return penalty.coefficient() > 0 || inner.needsReference();
    }

    /** The same with another coefficient. */
    public KlTaken withCoefficient(double coefficient) {
        return new KlTaken(inner, new TokenKl(coefficient, penalty.estimator()));
    }
}
