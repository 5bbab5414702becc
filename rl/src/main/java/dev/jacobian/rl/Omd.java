// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.rl.advantage.MeanBaseline;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.SquaredLogRatio;

/**
 * Online policy mirror descent of Kimi k1.5 (arXiv 2501.12599, equation 3).
 *
 * <pre>
 * Δ_i  = Σ_t log(π / π_anchor)                  over the whole completion; the anchor is the policy that sampled it
 * A_i  = r_i − mean r
 * loss = mean_i ( −A_i Σ_t log π + τ/2 Δ_i² )
 * </pre>
 *
 * <p>Off-policy by construction: several updates are made on the samples of one anchor. Then the anchor moves to the current
 * policy, by drawing new samples, and the optimizer forgets its moments. The anchor's log-probabilities are those that the
 * sampler recorded, so no second model is held.
 */
public final class Omd {
    private Omd() {}

    /** OMD with a configuration's τ and number of updates. */
    public static Algorithm of(RlConfig config) {
        return new Algorithm(
                "omd",
                new MeanBaseline(),
                SquaredLogRatio.mirrorDescent(config.tau()),
                Aggregation.sequenceMeanTokenSum(),
                config.updatesPerRollout(),
                false,
                config.resetOptimizer());
    }
}
