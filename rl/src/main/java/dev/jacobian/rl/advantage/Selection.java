// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

import java.util.stream.IntStream;

/** Which samples of a group are learned from. Samples without reward never are. */
public sealed interface Selection {
    /** The chosen samples, in the group's order; none if there is nothing to choose. */
    int[] of(GroupRewards group);

    /**
     * The first of the highest reward and the first of the lowest: a pair to compare. Two of equal reward where all are equal, none
     * where fewer than two have a reward.
     */
    record BestAndWorst() implements Selection {
        @Override
        public int[] of(GroupRewards group) {
            int[] scored = scored(group);
            if (scored.length < 2) {
                return new int[0];
            }
            int best = scored[0];
            int worst = scored[0];
            for (int i : scored) {
                best = group.rewards()[i] > group.rewards()[best] ? i : best;
                worst = group.rewards()[i] < group.rewards()[worst] ? i : worst;
            }
            return best == worst
                    ? new int[] {scored[0], scored[1]}
                    : new int[] {Math.min(best, worst), Math.max(best, worst)};
        }
    }

    /**
     * All that earn enough.
     *
     * @param least reward that is enough
     */
    record AtLeast(double least) implements Selection {
        @Override
        public int[] of(GroupRewards group) {
            return IntStream.of(scored(group))
                    .filter(i -> group.rewards()[i] >= least)
                    .toArray();
        }
    }

    /**
     * The first of the highest reward, if that is enough.
     *
     * @param least reward that is enough
     */
    record Best(double least) implements Selection {
        @Override
        public int[] of(GroupRewards group) {
            int best = -1;
            for (int i : new AtLeast(least).of(group)) {
                best = best < 0 || group.rewards()[i] > group.rewards()[best] ? i : best;
            }
            return best < 0 ? new int[0] : new int[] {best};
        }
    }

    private static int[] scored(GroupRewards group) {
        return IntStream.range(0, group.size()).filter(group::isScored).toArray();
    }
}
