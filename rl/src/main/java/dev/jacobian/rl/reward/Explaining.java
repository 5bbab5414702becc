// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Scores recorded completions with one reward, for people who check it before they trust it. */
public final class Explaining {
    private Explaining() {}

    /**
     * What a reward says of completions that have nothing to do with each other. What it does wrong is a {@link Score.Failure}.
     *
     * @param run how it is called
     * @return one for each, in order
     */
    public static List<Explanation> explain(Reward reward, List<Completion> completions, RewardRun run) {
        return switch (reward) {
            case RewardFunction function -> run.explanations(function, completions);
            case BatchReward batch ->
                run
                        .scores(
                                batch,
                                completions.stream().map(Explaining::alone).toList(),
                                IntStream.range(0, completions.size()).toArray())
                        .stream()
                        .map(group -> Explanation.of(group.getFirst(), Optional.empty()))
                        .toList();
        };
    }

    private static BatchReward.Samples alone(Completion completion) {
        return new BatchReward.Samples(List.of(completion), new double[] {Double.NaN});
    }
}
