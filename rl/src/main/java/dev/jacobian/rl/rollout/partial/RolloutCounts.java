// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout.partial;

import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.RolloutTask;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.transformer.generation.FinishReason;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * What waves of sampling came to. None of it is a time, so it is the same in every run.
 *
 * @param waves how many
 * @param sequentialTokens tokens one after another that they took: the longest new part of a sample, wave after wave
 * @param continued samples that went on from an earlier rollout
 * @param recomputedTokens tokens that were there already and were computed again because their sample went on
 * @param paused samples that wait behind the last wave
 */
public record RolloutCounts(int waves, long sequentialTokens, int continued, long recomputedTokens, int paused) {
    /** No wave. */
    public static final RolloutCounts NONE = new RolloutCounts(0, 0, 0, 0, 0);

    /**
     * A wave, before which some samples waited; how many wait now is not known here.
     *
     * @param earlier whether an earlier rollout has paused the group of a request
     */
    static RolloutCounts of(List<RolloutTask.Request> requests, List<Group> sampled, IntPredicate earlier) {
        int longest = 0;
        int continued = 0;
        long recomputed = 0;
        for (int g = 0; g < sampled.size(); g++) {
            Group after = sampled.get(g);
            for (int s = 0; s < after.size(); s++) {
                int before = after.promptLength();
                if (requests.get(g).begun().isPresent()) {
                    Trajectory begun = requests.get(g).begun().get().samples().get(s);
                    before = begun.length();
                    boolean goesOn = begun.finish() == FinishReason.PAUSED;
                    recomputed += goesOn ? before : 0;
                    continued += goesOn && earlier.test(g) ? 1 : 0;
                }
                longest = Math.max(longest, after.samples().get(s).length() - before);
            }
        }
        return new RolloutCounts(1, longest, continued, recomputed, 0);
    }

    /** These and later ones. */
    public RolloutCounts plus(RolloutCounts later) {
        return new RolloutCounts(
                waves + later.waves,
                sequentialTokens + later.sequentialTokens,
                continued + later.continued,
                recomputedTokens + later.recomputedTokens,
                later.paused);
    }

    RolloutCounts withPaused(int waiting) {
        return new RolloutCounts(waves, sequentialTokens, continued, recomputedTokens, waiting);
    }
}
