// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.rl.advantage.LengthWeightedBaseline;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.Reinforce;

/**
 * On-policy optimisation with the optimal baseline (Hao et al., arXiv 2505.23585).
 *
 * <pre>
 * b    = Σ l_i r_i / Σ l_i        the baseline of least variance if token gradients are orthogonal and equally long
 * A_i  = r_i − b                  no division by a deviation
 * L    = −A log π                 per token; no ratio, no clip, no KL, no entropy bonus
 * </pre>
 *
 * <p>Exactly on-policy: one update per batch of samples, checked bit for bit against the sampler's log-probabilities.
 */
public final class Opo {
    private Opo() {}

    /** OPO; of the configuration only the loss type matters. */
    public static Algorithm of(RlConfig config) {
        return new Algorithm(
                "opo",
                new LengthWeightedBaseline(),
                new Reinforce(),
                Aggregation.named(config.lossType(), config.maxCompletionLength()),
                config.updatesPerRollout(),
                true,
                false);
    }
}
