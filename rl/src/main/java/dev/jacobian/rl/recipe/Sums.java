// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.rl.sft.SftExample;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.tensor.Rng;

/**
 * Demonstrations of sums, right but for a share: what stands for general data in a recipe of a model that knows numbers alone.
 *
 * @param task whose training problems they are
 * @param wrong probability that a demonstration has a wrong sum, so that something is left to learn
 */
record Sums(Addition task, double wrong) implements SftDataset {
    private static final long STREAM = 1L << 42;
    private static final int FARTHEST = 10;

    @Override
    public SftExample example(long seed, long index) {
        Problem problem = task.trainProblem(seed, index);
        Rng rng = new Rng(seed, STREAM + index);
        long sum = Long.parseLong(problem.columns().string("answer"));
        boolean isWrong = rng.nextDouble() < wrong;
        return new SftExample(problem.prompt(), "" + (isWrong ? sum + 1 + rng.nextInt(FARTHEST) : sum));
    }
}
