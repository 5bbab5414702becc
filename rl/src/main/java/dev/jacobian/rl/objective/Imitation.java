// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * Cross-entropy of the samples that are learned from: supervised fine-tuning on what the policy itself wrote.
 *
 * <pre>
 * L_t      = -w logp
 * dL/dlogp = -w
 * </pre>
 *
 * <p>w is the advantage, 1 of what shall be imitated and never negative: nothing is unlearned. Unlike {@link Reinforce} it is right
 * for any number of steps on the same samples, because they are data and no longer a measurement of the policy.
 */
public record Imitation() implements PolicyObjective {
    @Override
    public ObjectiveResult evaluate(TokenBatch batch, Normalizer normalizer) {
        for (int t = 0; t < batch.tokens(); t++) {
            if (batch.mask()[t] && batch.advantages()[t] < 0) {
                throw new IllegalArgumentException("imitation has no negative samples, but token " + t
                        + " has the advantage " + batch.advantages()[t] + "; select what shall be imitated");
            }
        }
        return new Reinforce().evaluate(batch, normalizer);
    }
}
