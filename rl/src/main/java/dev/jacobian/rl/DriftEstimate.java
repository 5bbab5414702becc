// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.transformer.CausalLM;
import java.util.ArrayList;
import java.util.List;

/** How far the policy has come from another model. */
final class DriftEstimate {
    private DriftEstimate() {}

    /**
     * The k3 estimate of KL(policy || reference) per token that the policy chose, on the first groups of a batch with enough
     * samples.
     */
    static double klTo(CausalLM reference, List<CreditedGroup> batch, RlConfig config) {
        List<Group> some = new ArrayList<>();
        int samples = 0;
        for (CreditedGroup credited : batch) {
            Group group = credited.scored().group();
            if (samples < config.measuring().klSamples()) {
                some.add(group);
                samples += group.size();
            }
        }
        float[] logProbs = PolicyScorer.logProbs(
                reference,
                some,
                (float) config.rollout().temperature(),
                config.memory().microBatchTokens());
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
