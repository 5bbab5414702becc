// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.rig;

import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.rl.sft.SftExample;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import dev.jacobian.tensor.Rng;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Answers to {@link RunningSums} that are right or wrong, half and half: {@code 385:::::=7?}, to be judged with yes or no. Whoever
 * reasons writes the sums first: {@code <think>31666666</think><answer>n</answer>}.
 *
 * @param minTerms fewest terms
 * @param maxTerms most
 */
public record ClaimedSums(int minTerms, int maxTerms) implements Task, SftDataset {
    private static final long STREAM = 1L << 41;

    @Override
    public String name() {
        return "claimed_sums";
    }

    private RunningSums sums() {
        return new RunningSums(minTerms, maxTerms);
    }

    /** The answer that a prompt claims. */
    public static String claim(String prompt) {
        return prompt.substring(prompt.indexOf('=') + 1, prompt.indexOf('?'));
    }

    /** Whether the answer that a prompt claims is right. */
    public static boolean isRight(String prompt) {
        int sum = 0;
        for (char place : prompt.substring(0, RunningSums.WIDTH).toCharArray()) {
            sum += place == RunningSums.NOTHING ? 0 : place - '0';
        }
        return Integer.parseInt(claim(prompt)) == sum % 10;
    }

    private static Problem claimed(Problem sum, Rng rng) {
        int right = Integer.parseInt(sum.columns().string("answer"));
        int given = rng.nextInt(2) == 0 ? right : (right + 1 + rng.nextInt(9)) % 10;
        String prompt = sum.prompt() + given + "?";
        return new Problem(prompt, prompt, Map.of("answer", given == right ? "y" : "n"));
    }

    @Override
    public Problem trainProblem(long seed, long index) {
        return claimed(sums().trainProblem(seed, index), new Rng(seed, STREAM + index));
    }

    @Override
    public List<Problem> evalProblems(int count) {
        List<Problem> all = sums().evalProblems(count);
        return IntStream.range(0, count)
                .mapToObj(i -> claimed(all.get(i), new Rng(0, STREAM + i)))
                .toList();
    }

    @Override
    public WeightedRewards rewards() {
        return WeightedRewards.of(RunningSums.ACCURACY);
    }

    @Override
    public Optional<String> answer(String completion) {
        return RunningSums.ACCURACY.answer(completion);
    }

    @Override
    public SftExample example(long seed, long index) {
        Problem problem = trainProblem(seed, index);
        StringBuilder thought = new StringBuilder();
        int sum = 0;
        for (char place : problem.prompt().substring(0, RunningSums.WIDTH).toCharArray()) {
            sum = (sum + (place == RunningSums.NOTHING ? 0 : place - '0')) % 10;
            thought.append(sum);
        }
        return new SftExample(
                problem.prompt(),
                "<think>" + thought + "</think><answer>" + problem.columns().string("answer") + "</answer>");
    }
}
