// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import java.util.List;
import java.util.stream.IntStream;

/**
 * A_t = Σ_{k≥t} γ^{k−t} r_k: what a token and those after it earned, without a baseline.
 *
 * <p>Tokens that the policy did not choose (tool output) are not there: a reward of a later turn reaches the turns before it, and is
 * discounted by choices alone.
 *
 * @param gamma γ in [0, 1]; 1 leaves the reward of a whole completion as it is
 */
public record RewardToGo(double gamma) implements AdvantageEstimator {

    public RewardToGo {
        if (!(gamma >= 0 && gamma <= 1)) {
            throw new IllegalArgumentException("gamma must lie in [0, 1], got " + gamma);
        }
    }

    /**
     * The returns of one sample.
     *
     * @param rewards [tokens] what each token earned
     * @return [tokens]
     */
    public double[] of(double[] rewards) {
        double[] returns = new double[rewards.length];
        double after = 0;
        for (int t = rewards.length - 1; t >= 0; t--) {
            after = rewards[t] + gamma * after;
            returns[t] = after;
        }
        return returns;
    }

    @Override
    public List<GroupAdvantages> advantages(List<GroupRewards> batch) {
        return batch.stream()
                .map(group -> GroupAdvantages.ofTokens(IntStream.range(0, group.size())
                        .mapToObj(i -> of(group.tokenRewards(i)))
                        .toArray(double[][]::new)))
                .toList();
    }
}
