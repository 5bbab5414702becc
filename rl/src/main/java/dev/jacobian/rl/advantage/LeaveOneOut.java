// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

/**
 * A_i = r_i - (1/(G-1)) Σ_{j≠i} r_j = G/(G-1) · (r_i - mean(r)): REINFORCE leave-one-out (Kool et al. 2019; RLOO, arXiv
 * 2402.14740).
 *
 * <p>The baseline of a sample does not contain its own reward, so the gradient estimate is unbiased. G counts the
 * samples with a reward; a sample alone in its group has nothing to be compared with and gets 0.
 */
public record LeaveOneOut() implements GroupEstimator {

    @Override
    public double[] advantages(GroupRewards group) {
        int count = group.scored();
        double[] advantages = group.minus(group.mean());
        double scale = count > 1 ? count / (count - 1.0) : 0;
        for (int i = 0; i < advantages.length; i++) {
            advantages[i] *= scale;
        }
        return advantages;
    }
}
