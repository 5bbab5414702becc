// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

import dev.jacobian.rl.config.MemoryConfig;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.transformer.CausalLM;
import java.util.ArrayList;
import java.util.List;

/** How far the policy has come from another model. */
public final class DriftEstimate {
    private DriftEstimate() {}

    /**
     * The k3 estimate of KL(policy || reference) per token that the policy chose, on the first groups of a batch with enough
     * samples.
     *
     * @param completions how many samples are enough
     */
    public static double klTo(
            CausalLM reference, List<Group> batch, int completions, RolloutConfig rollout, MemoryConfig memory) {
        List<Group> some = new ArrayList<>();
        int samples = 0;
        for (Group group : batch) {
            if (samples < completions) {
                some.add(group);
                samples += group.size();
            }
        }
        float[] logProbs =
                PolicyScorer.logProbs(reference, some, (float) rollout.temperature(), memory.microBatchTokens());
        double sum = 0;
        int at = 0;
        for (Group group : some) {
            for (Trajectory sample : group.samples()) {
                for (int t = 0; t < sample.length(); t++) {
                    if (sample.chosen()[t]) {
                        double d = (double) sample.logProbs()[t] - logProbs[at++];
                        sum += StrictMath.exp(-d) + d - 1;
                    }
                }
            }
        }
        return sum / Math.max(1, at);
    }
}
