// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import java.util.Arrays;

/**
 * Leaves out a sequence that was worse than expected and that the policy has moved away from since it was sampled: A &lt; 0 and mean_t (log
 * π_old − log π_θ) above a threshold (DeepSeek-V3.2, arXiv 2512.02556). TRL's {@code off_policy_mask_threshold}.
 *
 * @param threshold in nats per token
 * @param fromSampler whether the distance is taken from what the sampler said, so that its own deviation counts too
 */
public record OffPolicySequenceMask(double threshold, boolean fromSampler) implements TokenWeighting {
    @Override
    public boolean readsRollout() {
        return fromSampler;
    }

    @Override
    public double[] weights(TokenBatch batch) {
        double[] weights = new double[batch.tokens()];
        for (int s = 0; s < batch.sequences(); s++) {
            double moved = 0;
            double advantage = 0;
            for (int t = batch.start(s); t < batch.end(s); t++) {
                if (batch.mask()[t]) {
                    moved -= batch.logRatio(t) + (fromSampler ? batch.rolloutLogRatio(t) : 0);
                    advantage = batch.advantages()[t];
                }
            }
            boolean dropped = advantage < 0 && moved / Math.max(1, batch.length(s)) > threshold;
            Arrays.fill(weights, batch.start(s), batch.end(s), dropped ? 0 : 1);
        }
        return weights;
    }
}
