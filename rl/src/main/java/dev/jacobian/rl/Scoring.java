// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.rl.advantage.AdvantageEstimator;
import dev.jacobian.rl.advantage.GroupRewards;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.reward.WeightedRewards;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Decodes completions, asks the reward functions and computes advantages, group by group. */
final class Scoring {
    private Scoring() {}

    /**
     * Scores a group.
     *
     * @throws RewardException if a reward function throws or returns a number that is not finite
     */
    static ScoredGroup score(Group group, Tokenizer tokenizer, WeightedRewards rewards, AdvantageEstimator advantages) {
        int n = group.samples().size();
        List<String> texts = new ArrayList<>();
        double[] totals = new double[n];
        int[] lengths = new int[n];
        Map<String, double[]> parts = new LinkedHashMap<>();
        for (int i = 0; i < n; i++) {
            Trajectory sample = group.samples().get(i);
            String text = tokenizer.decode(sample.tokenIds(), true);
            texts.add(text);
            lengths[i] = sample.length();
            WeightedRewards.Breakdown breakdown =
                    rewards.score(group.problem().completion(text, sample.tokenIds(), sample.finishReason()));
            if (breakdown.total() instanceof Score.Failure(String message)) {
                throw new RewardException(message);
            }
            totals[i] = breakdown.total().orNaN();
            int index = i;
            breakdown
                    .parts()
                    .forEach((name, score) -> parts.computeIfAbsent(name, k -> new double[n])[index] = score.orNaN());
        }
        return new ScoredGroup(group, texts, totals, parts, advantages.advantages(new GroupRewards(totals, lengths)));
    }
}
