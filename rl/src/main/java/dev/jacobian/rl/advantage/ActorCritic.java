// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import java.util.List;

/**
 * Advantages by a value model instead of a group: {@link GeneralizedAdvantage} over what each token earned, less what was expected.
 * A group may be a single sample.
 *
 * @param estimate γ and λ
 */
public record ActorCritic(GeneralizedAdvantage estimate) implements AdvantageEstimator {
    @Override
    public List<GroupAdvantages> advantages(List<GroupRewards> batch) {
        return batch.stream()
                .map(group -> {
                    double[][] tokens = new double[group.size()][];
                    for (int i = 0; i < tokens.length; i++) {
                        tokens[i] = group.isScored(i) ? of(group, i).advantages() : new double[group.lengths()[i]];
                    }
                    return GroupAdvantages.ofTokens(tokens);
                })
                .toList();
    }

    /**
     * What the value model should have said of a group's tokens, [G][tokens]: advantage and value together. Of a sample without
     * reward it is what was said.
     */
    public double[][] returns(GroupRewards group) {
        double[][] tokens = new double[group.size()][];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = group.isScored(i) ? of(group, i).returns() : values(group, i);
        }
        return tokens;
    }

    private GeneralizedAdvantage.Estimate of(GroupRewards group, int i) {
        return estimate.of(group.tokenRewards(i), values(group, i));
    }

    private static double[] values(GroupRewards group, int i) {
        float[][] all = group.views()
                .flatMap(PolicyViews::values)
                .orElseThrow(() -> new IllegalArgumentException(
                        "advantages by a value model need its values, and there is no value model"));
        double[] own = new double[all[i].length];
        for (int t = 0; t < own.length; t++) {
            own[t] = all[i][t];
        }
        return own;
    }
}
