// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import java.util.ArrayList;
import java.util.List;

/**
 * Another estimator's advantages, whitened over all counted tokens of the batch: mean 0, variance 1.
 *
 * <p>Around {@link RewardToGo} it is REINFORCE++ (arXiv 2501.03262), around {@link MeanBaseline} its variant with a baseline, around
 * {@link GroupNormalized} GDPO of one reward. A long sample has a say for each of its tokens. Tokens of samples without reward
 * have none, and keep the advantage 0.
 *
 * @param inner what is whitened
 */
public record BatchWhitened(AdvantageEstimator inner) implements AdvantageEstimator {

    @Override
    public List<GroupAdvantages> advantages(List<GroupRewards> batch) {
        List<GroupAdvantages> raw = inner.advantages(batch);
        List<double[]> scored = new ArrayList<>();
        for (int g = 0; g < batch.size(); g++) {
            for (int i = 0; i < batch.get(g).size(); i++) {
                if (batch.get(g).isScored(i)) {
                    scored.add(raw.get(g).ofSample(i, batch.get(g).lengths()[i]));
                }
            }
        }
        double[][] whitened = Whitening.of(scored.toArray(double[][]::new), true);
        List<GroupAdvantages> advantages = new ArrayList<>();
        int next = 0;
        for (GroupRewards group : batch) {
            double[][] tokens = new double[group.size()][];
            for (int i = 0; i < group.size(); i++) {
                tokens[i] = group.isScored(i) ? whitened[next++] : new double[group.lengths()[i]];
            }
            advantages.add(GroupAdvantages.ofTokens(tokens));
        }
        return advantages;
    }
}
