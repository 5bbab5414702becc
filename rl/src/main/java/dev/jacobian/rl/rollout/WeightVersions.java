// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import java.util.ArrayList;
import java.util.List;

/**
 * Which weights chose which tokens of a trajectory, as runs: most trajectories have one, one that was paused and went on under
 * newer weights has several.
 *
 * @param runs in order, each ending where the next begins; empty where nothing was chosen yet
 */
public record WeightVersions(List<Run> runs) {
    /** Nothing was chosen. */
    public static final WeightVersions NONE = new WeightVersions(List.of());

    /**
     * Tokens that one version chose, or that stood before and between them.
     *
     * @param end one past the run's last token
     * @param version optimizer steps that the weights had seen
     */
    public record Run(int end, long version) {}

    public WeightVersions {
        runs = List.copyOf(runs);
        int end = 0;
        for (Run run : runs) {
            if (run.end() <= end) {
                throw new IllegalArgumentException("the runs of weight versions must grow, got " + runs);
            }
            end = run.end();
        }
    }

    /** These, and another version up to {@code end}; the same version makes the last run longer. */
    public WeightVersions until(int end, long version) {
        List<Run> more = new ArrayList<>(runs);
        if (!more.isEmpty() && more.getLast().version() == version) {
            more.removeLast();
        }
        more.add(new Run(end, version));
        return new WeightVersions(more);
    }

    /**
     * The version that a token was chosen with.
     *
     * @throws IndexOutOfBoundsException behind the last run
     */
    public long at(int token) {
        for (Run run : runs) {
            if (token < run.end()) {
                return run.version();
            }
        }
        throw new IndexOutOfBoundsException("no weights chose token " + token + ": " + runs);
    }

    /** The oldest version; what staleness is measured from. */
    public long oldest() {
        return runs.stream()
                .mapToLong(Run::version)
                .min()
                .orElseThrow(() -> new IllegalStateException("no token of the trajectory was chosen"));
    }
}
