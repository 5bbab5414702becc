// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.rl.observe.StepMetrics;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.reward.GroupLengthReward;
import dev.jacobian.rl.reward.RewardException;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.PromptTask;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What reward functions can and cannot do to a run. */
class RewardSafetyTest {
    private static RlConfig config(int steps) {
        return RlConfig.builder()
                .maxSteps(steps)
                .promptsPerStep(8)
                .numGenerations(8)
                .temperature(1.3)
                .maxCompletionLength(8)
                .learningRate(1e-3)
                .finalEvalProblems(5)
                .build();
    }

    /** Addition with other rewards. */
    private record Rewarded(Task task, WeightedRewards rewards) implements Task {
        @Override
        public String name() {
            return task.name();
        }

        @Override
        public Problem trainProblem(long seed, long index) {
            return task.trainProblem(seed, index);
        }

        @Override
        public List<Problem> evalProblems(int count) {
            return task.evalProblems(count);
        }
    }

    private static List<Integer> trained(Task task, List<StepMetrics> metrics) {
        CausalLM model = TestModels.addition();
        new RlTrainer(model, task, config(3))
                .listener(TrainingListener.eachStep(metrics::add))
                .train();
        return TestModels.bits(model);
    }

    @Test
    @DisplayName("a function that sorts and fills the arrays that it is given changes no bit of the training")
    void vandal() {
        Task plain = new Addition();
        RewardFunction honest =
                (RewardFunction) plain.rewards().rewards().getFirst().function();
        RewardFunction vandal = RewardFunction.named(honest.name(), completion -> {
            Score score = honest.score(completion);
            int[] tokens = completion.tokenIds();
            Arrays.sort(tokens);
            Arrays.fill(tokens, 3);
            return score;
        });
        List<Integer> expected = trained(plain, new ArrayList<>());
        assertThat(trained(new Rewarded(plain, WeightedRewards.of(vandal)), new ArrayList<>()))
                .isEqualTo(expected)
                .isNotEqualTo(TestModels.bits(TestModels.addition()));
    }

    @Test
    @DisplayName(
            "a reward that fails on a held-out problem ends no run: it is counted and said, and the run's own budget"
                    + " of 0 is whole")
    void heldOut() {
        Task plain = new Addition();
        List<Problem> held = plain.evalProblems(5);
        assertThat(held).hasSize(5);
        RewardFunction honest =
                (RewardFunction) plain.rewards().rewards().getFirst().function();
        RewardFunction moody = RewardFunction.named("judge", completion -> {
            if (completion.problemId().equals(held.getLast().id())) {
                throw new IllegalStateException("nonsense");
            }
            return honest.score(completion);
        });
        List<String> said = new ArrayList<>();
        CausalLM model = TestModels.addition();
        new RlTrainer(model, new Rewarded(plain, WeightedRewards.of(moody)), config(1))
                .listener(new TrainingListener() {
                    @Override
                    public void onStep(StepMetrics metrics) {}

                    @Override
                    public void onMessage(String message) {
                        said.add(message);
                    }
                })
                .train();
        assertThat(said)
                .filteredOn(message -> message.startsWith("Held-out problems: "))
                .hasSize(2)
                .allSatisfy(message -> assertThat(message).contains("1 sample has no reward", "nonsense"));
    }

    @Test
    @DisplayName("a reward that compares the samples of a group trains a task, and makes no wrong answer right")
    void brevity() {
        Task plain = new Addition();
        Task brief = new Rewarded(plain, plain.rewards().plus(new GroupLengthReward(1), 0.5));
        List<StepMetrics> before = new ArrayList<>();
        List<StepMetrics> after = new ArrayList<>();
        assertThat(trained(brief, after)).isNotEqualTo(trained(plain, before));
        StepMetrics first = after.get(1);
        assertThat(first.values()).containsKeys("rewards/group_length/mean", "rewards/group_length/std");
        assertThat(after)
                .anySatisfy(
                        step -> assertThat(step.get("rewards/group_length/std")).isPositive());
        assertThat(first.get("pass@1/train")).isEqualTo(before.get(1).get("pass@1/train"));
    }

    @ParameterizedTest
    @ValueSource(doubles = {1e300, -1e300, Double.NaN, Double.POSITIVE_INFINITY})
    @DisplayName("a reward that no gradient can be made of stops the run with the names of function and row")
    void huge(double reward) {
        Task task = new PromptTask(
                "mine", List.of("1+1=", "2+2="), RewardFunction.named("generous", c -> Score.of(reward)));
        assertThatThrownBy(() -> new RlTrainer(TestModels.addition(), task, config(1)).train())
                .isInstanceOf(RewardException.class)
                .hasMessageContaining("reward 'generous' on problem 'mine-")
                .hasMessageContaining("returned " + reward);
    }
}
