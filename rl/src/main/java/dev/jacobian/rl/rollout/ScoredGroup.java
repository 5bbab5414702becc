// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A group with what its samples earned.
 *
 * @param group prompt and samples
 * @param texts decoded completions, one per sample
 * @param rewards weighted sum per sample; NaN where no reward function applied
 * @param counts whether a sample is learned from: not if no reward function applied, not even towards an anchor
 * @param solved whether a sample solves its problem
 * @param tokenRewards [G][tokens that the policy chose] the rewards spread over tokens, if a function gave them so; what was
 *     earned at a token that it did not choose belongs to the choice before
 * @param parts each reward function's own scores, one per sample
 */
public record ScoredGroup(
        Group group,
        List<String> texts,
        double[] rewards,
        boolean[] counts,
        boolean[] solved,
        Optional<double[][]> tokenRewards,
        Map<String, double[]> parts) {
    /** Tokens that the policy chose, per sample. */
    public int[] choices() {
        return group.samples().stream().mapToInt(Trajectory::choices).toArray();
    }
}
