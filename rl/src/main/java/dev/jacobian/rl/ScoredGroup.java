// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import java.util.List;
import java.util.Map;

/**
 * A group with what its samples earned.
 *
 * @param group prompt and samples
 * @param texts decoded completions, one per sample
 * @param rewards weighted sum per sample; NaN where no reward function applied
 * @param parts each reward function's own scores, one per sample
 * @param advantages advantage per sample
 */
public record ScoredGroup(
        Group group, List<String> texts, double[] rewards, Map<String, double[]> parts, double[] advantages) {
    /** Whether nothing can be learned from comparing these samples. */
    public boolean hasZeroAdvantages() {
        for (double advantage : advantages) {
            if (advantage != 0) {
                return false;
            }
        }
        return true;
    }
}
