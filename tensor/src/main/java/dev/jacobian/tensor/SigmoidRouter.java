// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/**
 * How experts are chosen by sigmoids (DeepSeek-AI, 2024, arXiv:2412.19437).
 *
 * @param normalize whether a token's weights are divided by their sum + 1e-20
 * @param scale factor on the weights
 * @param groups equal runs of experts that compete first, by the sum of their two best; 1 for no groups
 * @param keptGroups groups that experts are chosen from; those of the others are judged as 0
 */
public record SigmoidRouter(boolean normalize, float scale, int groups, int keptGroups) {
    /** Checks the groups. */
    public SigmoidRouter {
        if (groups < 1 || keptGroups < 1 || keptGroups > groups) {
            throw new IllegalArgumentException(keptGroups + " of " + groups + " groups of experts; keep from 1 to all");
        }
    }

    /** The sigmoid of each logit, without groups: for one expert a gate. */
    public static final SigmoidRouter PLAIN = new SigmoidRouter(false, 1, 1, 1);
}
