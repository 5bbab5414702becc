// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.evaluation;

import java.util.Optional;

/**
 * Samples of a measurement whose reward failed or took too long. They count as samples that solve nothing.
 *
 * @param samples how many
 * @param first what happened to the first, in words
 */
public record RewardFailures(int samples, Optional<String> first) {
    /** None. */
    public static final RewardFailures NONE = new RewardFailures(0, Optional.empty());

    /** What a person should be told; empty if nothing failed. */
    public Optional<String> note() {
        return first.map(why -> samples
                + (samples == 1 ? " sample has no reward because it" : " samples have no reward because it")
                + " failed; counted as unsolved. The first: " + why);
    }
}
