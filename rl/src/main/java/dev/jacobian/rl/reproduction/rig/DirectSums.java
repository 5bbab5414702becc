// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.rig;

import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import java.util.List;

/**
 * {@link RunningSums} whose prompt asks for the answer alone: {@code 385:::::!}.
 *
 * @param minTerms fewest terms
 * @param maxTerms most
 */
public record DirectSums(int minTerms, int maxTerms) implements Task {
    @Override
    public String name() {
        return "direct_sums";
    }

    private RunningSums sums() {
        return new RunningSums(minTerms, maxTerms);
    }

    private static Problem direct(Problem sum) {
        return RunningSums.problem(RunningSums.terms(sum), Trace.DIRECT);
    }

    @Override
    public Problem trainProblem(long seed, long index) {
        return direct(sums().trainProblem(seed, index));
    }

    @Override
    public List<Problem> evalProblems(int count) {
        return sums().evalProblems(count).stream().map(DirectSums::direct).toList();
    }

    @Override
    public WeightedRewards rewards() {
        return WeightedRewards.of(RunningSums.ACCURACY);
    }
}
