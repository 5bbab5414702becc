// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.rl.judge.RewardedTask;
import dev.jacobian.rl.reward.BatchReward;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.ExactMatchReward;
import dev.jacobian.rl.reward.GroupLengthReward;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.task.catalog.TaskMixture;
import dev.jacobian.rl.task.catalog.Tasks;
import dev.jacobian.transformer.generation.FinishReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MixedTaskTest {
    private static final Task MIXTURE = TaskMixture.parse("countdown:0.7, addition@3:0.3");

    private static String of(Problem problem) {
        return problem.columns().string(MixedTask.COLUMN);
    }

    @Test
    void problemsComeInTheirSharesEachTasksOwnInOrder() {
        List<Problem> problems = MIXTURE.trainProblems(5, 0, 1000);
        List<Problem> sums = problems.stream()
                .filter(problem -> of(problem).equals("addition@3"))
                .toList();
        assertThat(sums.size() / 1000.0).isCloseTo(0.3, within(0.05));
        Task addition = new Addition(999);
        for (int i = 0; i < sums.size(); i++) {
            assertThat(sums.get(i).prompt())
                    .isEqualTo(addition.trainProblem(5, i).prompt());
        }
        for (long index : LongStream.of(999, 3, 500).toArray()) {
            assertThat(MIXTURE.trainProblem(5, index))
                    .as("a function of the index")
                    .isEqualTo(problems.get((int) index));
        }
        assertThat(MIXTURE.trainProblem(6, 3)).isNotEqualTo(problems.get(3));
    }

    @Test
    void heldOutProblemsDifferAndBeginAlike() {
        List<Problem> some = MIXTURE.evalProblems(60);
        assertThat(new HashSet<>(some.stream().map(Problem::id).toList())).hasSize(60);
        assertThat(some.subList(0, 20)).isEqualTo(MIXTURE.evalProblems(20));
        assertThat(some.stream().map(MixedTaskTest::of).distinct())
                .containsExactlyInAnyOrder("countdown", "addition@3");
        Task small = TaskMixture.parse("countdown:0.5,addition:0.5");
        assertThat(small.evalProblems(small.evalSize())).hasSize(small.evalSize());
        assertThat(small.evalSize())
                .as("about twice the sums that are held out")
                .isBetween(1500, 2500);
    }

    @Test
    void eachProblemIsScoredByItsOwnTask() {
        for (Problem problem : MIXTURE.trainProblems(5, 0, 20)) {
            boolean sum = of(problem).equals("addition@3");
            String answer = problem.columns().string("answer");
            String text = sum ? answer : "<answer>" + answer + "</answer>";
            assertThat(MIXTURE.rewards()
                            .score(problem.completion(text, new int[] {1}, FinishReason.STOP))
                            .total()
                            .orNaN())
                    .as(problem.id())
                    .isEqualTo(1.0);
            assertThat(MIXTURE.rewards()
                            .score(problem.completion("no", new int[] {1}, FinishReason.STOP))
                            .total()
                            .orNaN())
                    .isLessThan(1.0);
        }
    }

    private static Task rows(Path folder, String name, WeightedRewards rewards) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            lines.add("{\"prompt\": \"" + name + " " + i + "\", \"answer\": \"" + i + "\"}");
        }
        return JsonlTask.of(Files.write(folder.resolve(name + ".jsonl"), lines), rewards);
    }

    /** A right answer, and a wrong one that is longer. */
    private static List<Completion> samples(Problem problem) {
        String answer = problem.columns().string("answer");
        return List.of(
                problem.completion(answer, new int[] {1}, FinishReason.STOP),
                problem.completion("no, " + answer, new int[] {1, 2, 3}, FinishReason.STOP));
    }

    @Test
    @DisplayName("files with rewards of their own: each sample earns what its own task gives, and that one says what is"
            + " solved")
    void files(@TempDir Path folder) throws IOException {
        WeightedRewards exact = WeightedRewards.of(new ExactMatchReward())
                .plus(RewardFunction.named("form", c -> Score.of(1)), 0.5)
                .plus(GroupLengthReward.DEFAULT, 0.25)
                .decidedBy("exact_match");
        WeightedRewards part = WeightedRewards.of(RewardFunction.named(
                "exact_match", c -> Score.of(c.text().endsWith(c.columns().string("answer")) ? 1 : 0)));
        Task first = rows(folder, "first", exact);
        Task second = rows(folder, "second", part);
        MixedTask mixture =
                new MixedTask(List.of(new MixedTask.Part("a", 0.5, first), new MixedTask.Part("b", 0.5, second)));

        List<Problem> problems = mixture.trainProblems(3, 0, 20);
        List<List<Completion>> groups =
                problems.stream().map(MixedTaskTest::samples).toList();
        List<List<WeightedRewards.Breakdown>> mixed = mixture.rewards().score(groups);
        for (int i = 0; i < problems.size(); i++) {
            WeightedRewards own = of(problems.get(i)).equals("a") ? exact : part;
            List<WeightedRewards.Breakdown> alone =
                    own.score(List.of(groups.get(i))).getFirst();
            assertThat(mixed.get(i))
                    .extracting(WeightedRewards.Breakdown::total)
                    .isEqualTo(
                            alone.stream().map(WeightedRewards.Breakdown::total).toList());
            assertThat(mixed.get(i))
                    .extracting(WeightedRewards.Breakdown::alone)
                    .isEqualTo(
                            alone.stream().map(WeightedRewards.Breakdown::alone).toList());
        }
        assertThat(mixed.getFirst().getFirst().parts().keySet())
                .containsExactlyInAnyOrder("exact_match", "form", "group_length", "b/exact_match");
        assertThat(mixture.allProblems()).hasSize(80);
        Problem last = mixture.allProblems().getLast();
        assertThat(mixture.source(last)).contains("second.jsonl, row ");
        assertThat(mixture.solvedThreshold()).isEqualTo(1);
    }

    @Test
    @DisplayName("a row's own column of the label's name is what its rewards see")
    void rowsOwnColumn(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(
                folder.resolve("own.jsonl"), "{\"prompt\": \"a\", \"answer\": \"1\", \"task\": \"gcd\"}\n");
        RewardFunction reward = RewardFunction.named(
                "own", c -> Score.of(c.columns().string("task").equals("gcd") ? 1 : 0));
        MixedTask mixture =
                new MixedTask(List.of(new MixedTask.Part("mine", 1, JsonlTask.of(file, WeightedRewards.of(reward)))));
        Problem problem = mixture.trainProblem(0, 0);
        assertThat(of(problem)).isEqualTo("mine");
        assertThat(mixture.rewards()
                        .score(problem.completion("", new int[] {1}, FinishReason.STOP))
                        .total())
                .isEqualTo(Score.of(1));
    }

    @Test
    @DisplayName("what cannot be mixed says which task and why")
    void refusedRewards(@TempDir Path folder) throws IOException {
        WeightedRewards sum =
                WeightedRewards.of(new ExactMatchReward()).plus(RewardFunction.named("form", c -> Score.of(1)), 0.5);
        Task decided = rows(folder, "a", sum.decidedBy("exact_match"));
        Task summed = rows(folder, "b", sum);
        assertThatThrownBy(() -> new MixedTask(
                        List.of(new MixedTask.Part("a", 0.5, decided), new MixedTask.Part("b", 0.5, summed))))
                .hasMessageContaining("task 'b' is solved by a weighted sum of its rewards")
                .hasMessageContaining("decidedBy");
        Task compared = new RewardedTask(decided, sum, Double.NaN);
        assertThatThrownBy(() -> new MixedTask(
                        List.of(new MixedTask.Part("a", 0.5, decided), new MixedTask.Part("c", 0.5, compared))))
                .hasMessageContaining("the rewards of task 'c' compare samples");
    }

    @Test
    @DisplayName("a batch reward that fails takes only its own task's samples along")
    void failureOfOne(@TempDir Path folder) throws IOException {
        BatchReward broken = BatchReward.named("broken", groups -> {
            throw new IllegalStateException("no");
        });
        Task first = rows(
                folder,
                "a",
                WeightedRewards.of(new ExactMatchReward()).plus(broken, 1).decidedBy("exact_match"));
        Task second = rows(folder, "b", WeightedRewards.of(new ExactMatchReward()));
        MixedTask mixture =
                new MixedTask(List.of(new MixedTask.Part("a", 0.5, first), new MixedTask.Part("b", 0.5, second)));
        for (Problem problem : mixture.trainProblems(3, 0, 10)) {
            assertThat(mixture.rewards()
                            .score(List.of(samples(problem)))
                            .getFirst()
                            .getFirst()
                            .total()
                            .trouble()
                            .isPresent())
                    .isEqualTo(of(problem).equals("a"));
        }
        List<List<Completion>> all = mixture.trainProblems(3, 0, 10).stream()
                .map(MixedTaskTest::samples)
                .toList();
        List<List<WeightedRewards.Breakdown>> scores = mixture.rewards().score(all);
        for (int i = 0; i < scores.size(); i++) {
            assertThat(scores.get(i).getFirst().total().trouble().isPresent())
                    .isEqualTo(of(mixture.trainProblem(3, i)).equals("a"));
        }
    }

    @Test
    void whatIsNoMixtureIsSaid() {
        refused("countdown:0.7,addition:0.2", "must add up to 1, but countdown:0.7, addition:0.2 make 0.89");
        refused("countdown:1.5,addition:-0.5", "the weight of task 'addition' must not be negative, got -0.5");
        refused("countdown:0.5,adition:0.5", "names the task 'adition', which there is not; there are countdown");
        refused("countdown:0.5,addition", "'addition' of the mixture 'countdown:0.5,addition' has no weight");
        refused("countdown:half,addition:0.5", "the weight of task 'countdown' is 'half', not a number");
        refused("countdown:0.5,countdown:0.5", "task 'countdown' is in the mixture twice");
        refused("countdown@x:0.5,addition:0.5", "'countdown@x' does not name a difficulty");
        refused("countdown@9:0.5,addition:0.5", "9");
        assertThat(Tasks.names()).doesNotContain(":", "@");
    }

    private static void refused(String mixture, String message) {
        assertThatThrownBy(() -> TaskMixture.parse(mixture))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }
}
