// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.Jsonl;
import dev.jacobian.io.chat.ChatRow;
import dev.jacobian.rl.TestModels;
import dev.jacobian.rl.config.RewardCallConfig;
import dev.jacobian.rl.judge.RewardedTask;
import dev.jacobian.rl.metric.Smoothing;
import dev.jacobian.rl.report.ComparisonPage;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.reward.RewardException;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.PromptTask;
import dev.jacobian.rl.task.Task;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An evaluation: what it counts, what it keeps, and how models are compared. */
class EvaluatorTest {
    private static final GenerationConfig SAMPLING = GenerationConfig.sampling(4, 1f, 5);

    @TempDir
    Path folder;

    private static Evaluator evaluator(int samples, List<Integer> ks) {
        return new Evaluator(
                TestModels.addition(),
                new EvaluationConfig(samples, ks, SAMPLING, Smoothing.METHOD1, Confidence.DEFAULT));
    }

    @Test
    @DisplayName("metrics are those of the samples, one by one; the same on one thread")
    void metrics() {
        Evaluation evaluation = evaluator(4, List.of(1, 2, 4)).run(new Addition(), 30);
        Map<String, Estimate> metrics = evaluation.metrics();
        assertThat(metrics.keySet())
                .containsExactly(
                        "pass@1",
                        "pass@2",
                        "maj@2",
                        "pass@4",
                        "maj@4",
                        "self_bleu",
                        "reward",
                        "mean_length",
                        "entropy",
                        "rep5",
                        "clipped_ratio");
        int right = 0;
        int anyRight = 0;
        double pairs = 0;
        long tokens = 0;
        for (ProblemResult result : evaluation.results()) {
            right += result.solved();
            anyRight += result.solved() > 0 ? 1 : 0;
            for (int a = 0; a < 4; a++) {
                tokens += result.samples().get(a).tokens();
                for (int b = a + 1; b < 4; b++) {
                    pairs += result.samples().get(a).solved()
                                    || result.samples().get(b).solved()
                            ? 1 / 6.0
                            : 0;
                }
            }
        }
        assertThat(right).isBetween(10, 110);
        assertThat(metrics.get("pass@1").value()).isEqualTo(right / 120.0).isEqualTo(evaluation.passAt1());
        assertThat(metrics.get("pass@2").value()).isCloseTo(pairs / 30, within(1e-12));
        assertThat(metrics.get("pass@4").value()).isEqualTo(anyRight / 30.0);
        assertThat(metrics.get("mean_length").value()).isEqualTo(tokens / 120.0);
        metrics.forEach((name, estimate) ->
                assertThat(estimate.value()).as(name).isBetween(estimate.low() - 1e-12, estimate.high() + 1e-12));
        int threads = ComputePool.threads();
        ComputePool.setThreads(1);
        try {
            assertThat(evaluator(4, List.of(1, 2, 4)).run(new Addition(), 30).metrics())
                    .isEqualTo(metrics);
        } finally {
            ComputePool.setThreads(threads);
        }
        assertThatThrownBy(() -> evaluator(2, List.of(4))).hasMessageContaining("pass@4 needs k between 1 and");
    }

    /** The addition task with a reward that fails on every so manieth call. */
    private static Task moody(int every) {
        Addition task = new Addition();
        AtomicInteger calls = new AtomicInteger();
        RewardFunction reward = RewardFunction.named("judge", completion -> {
            if (calls.incrementAndGet() % every == 0) {
                throw new IllegalStateException("I would rather talk about the weather");
            }
            return Score.of(1);
        });
        return new RewardedTask(task, WeightedRewards.of(reward), 1);
    }

    @Test
    @DisplayName("a reward that fails now and then takes no measurement; what it failed on is counted and said")
    void failuresOfRewards() {
        Evaluation evaluation = evaluator(2, List.of(1, 2)).run(moody(20), 20);
        assertThat(evaluation.failures().samples()).isEqualTo(2);
        assertThat(evaluation.failures().note().orElseThrow())
                .startsWith(
                        "2 samples have no reward because it failed; counted as unsolved. The first: reward 'judge'")
                .contains("the weather");
        assertThat(evaluation.passAt1()).isEqualTo(38 / 40.0);
        assertThat(evaluation.toJson().get("reward_failures").intValue()).isEqualTo(2);
        assertThat(evaluator(2, List.of(1)).run(new Addition(), 20).toJson().has("reward_failures"))
                .isFalse();

        assertThatThrownBy(() -> evaluator(2, List.of(1, 2)).run(moody(4), 20))
                .isInstanceOf(RewardException.class)
                .hasMessageContaining("more than 4 of 40 samples have no reward")
                .hasMessageContaining("reward_error_budget");
        RewardCallConfig patient = new RewardCallConfig(30, 10, 4);
        assertThat(evaluator(2, List.of(1, 2))
                        .calling(patient)
                        .run(moody(4), 20)
                        .failures()
                        .samples())
                .isEqualTo(10);
        assertThatThrownBy(() -> evaluator(1, List.of(1)).run(moody(1), 2))
                .as("all failed")
                .isInstanceOf(RewardException.class)
                .hasMessageContaining("more than 1 of 2 samples");
    }

    @Test
    void intervalsOfSharesStayBetweenTheirEnds() {
        assertThat(new Estimate(0.05, 0.1, -0.146, 0.246).within(0, 1)).isEqualTo(new Estimate(0.05, 0.1, 0, 0.246));
        assertThat(new Estimate(0.5, Double.NaN, Double.NaN, Double.NaN)
                        .within(0, 1)
                        .low())
                .isNaN();
        evaluator(2, List.of(1, 2)).run(new Addition(), 3).metrics().forEach((name, estimate) -> {
            boolean isShare = !List.of("reward", "mean_length", "entropy").contains(name); // rewards may be anything
            if (!name.equals("reward")) {
                assertThat(estimate.low()).as(name).isNotNegative();
            }
            if (isShare) {
                assertThat(estimate.high()).as(name).isLessThanOrEqualTo(1);
            }
        });
    }

    @Test
    @DisplayName("best@k: with the task's own reward as the judge it is pass@k, with a judge that errs it is worse")
    void bestOf() {
        Addition task = new Addition();
        Evaluation own =
                evaluator(4, List.of(1, 2, 4)).choosingBy(task.rewards()).run(task, 20);
        for (int k : new int[] {2, 4}) {
            assertThat(own.metrics().get("best@" + k).value())
                    .isCloseTo(own.metrics().get("pass@" + k).value(), within(1e-12));
        }
        assertThat(own.metrics().get("best@1").value()).isCloseTo(own.passAt1(), within(1e-12));
        RewardFunction wrong = RewardFunction.named(
                "contrary",
                completion -> Score.of(-task.rewards().score(completion).total().orNaN()));
        Evaluation contrary =
                evaluator(4, List.of(4)).choosingBy(WeightedRewards.of(wrong)).run(task, 20);
        assertThat(contrary.metrics().get("best@4").value()).isLessThan(own.passAt1());
        RewardFunction silent = RewardFunction.named("silent", completion -> Score.skip());
        assertThatThrownBy(() -> evaluator(1, List.of(1))
                        .choosingBy(WeightedRewards.of(silent))
                        .run(task, 2))
                .hasMessageContaining("has no score for one of problem");
    }

    @Test
    @DisplayName("samples and numbers are kept and read again; models are compared problem by problem, on one page")
    void kept() throws IOException {
        Path first = folder.resolve("first");
        Path second = folder.resolve("second");
        Evaluation evaluation = evaluator(2, List.of(1, 2)).run(new Addition(), 10);
        EvaluationFolder keep = new EvaluationFolder(first, "<b>base</b>");
        keep.add(evaluation);
        keep.add(evaluation.named("again"));
        List<JsonNode> lines = new ArrayList<>();
        Jsonl.forEachLine(first.resolve("samples-addition.jsonl"), line -> lines.add(line.json()));
        assertThat(lines).hasSize(20);
        assertThat(lines.get(3).get("sample").intValue()).isEqualTo(1);
        assertThat(lines.get(3).get("completion").textValue())
                .isEqualTo(evaluation.results().get(1).samples().get(1).text());
        assertThat(lines.stream()
                        .filter(line -> line.get("solved").booleanValue())
                        .count())
                .isEqualTo(Math.round(20 * evaluation.passAt1()));
        assertThatThrownBy(() -> new EvaluationFolder(first, "x")).hasMessageContaining("evaluations in");

        List<SavedEvaluation> saved = SavedEvaluation.read(first);
        assertThat(saved).extracting(SavedEvaluation::task).containsExactly("addition", "again");
        assertThat(saved.getFirst().metrics()).isEqualTo(evaluation.metrics());

        CausalLM other = TestModels.addition();
        Evaluation greedy =
                new Evaluator(other, new EvaluationConfig(1, GenerationConfig.greedy(4))).run(new Addition(), 10);
        new EvaluationFolder(second, "greedy").add(greedy);
        SavedEvaluation ahead = SavedEvaluation.read(second).getFirst();
        Estimate difference = ahead.ahead(saved.getFirst()).orElseThrow();
        assertThat(difference.value()).isCloseTo(greedy.passAt1() - evaluation.passAt1(), within(1e-12));
        List<SavedEvaluation> all = new ArrayList<>(saved);
        all.add(ahead);
        Path page = folder.resolve("comparison.html");
        ComparisonPage.write(page, all);
        assertThat(Files.readString(page))
                .contains("&lt;b&gt;base&lt;/b&gt;", "<h2>addition</h2>", "<h2>again</h2>", "ahead of the first")
                .contains(String.format("%+.4f", difference.value()))
                .doesNotContain("<b>base", "<script");
        Files.writeString(second.resolve("evaluation.json"), "{}");
        assertThatThrownBy(() -> SavedEvaluation.read(second)).hasMessageContaining("no evaluation of this version");
    }

    @Test
    @DisplayName("examples stand before a text, and between the system message and the question of a conversation; none"
            + " gives the answer away")
    void fewShot() throws IOException {
        Path file = folder.resolve("shots.jsonl");
        Files.writeString(file, """
            {"prompt": "1+1=", "completion": "2"}
            {"prompt": "2+2=", "completion": "4"}
            {"prompt": "3+3=", "completion": "6"}
            """);
        Task sums =
                new PromptTask("sums", List.of("2+2=", "5+5="), RewardFunction.named("any", completion -> Score.of(1)));
        Task task = new FewShotTask(sums, Shot.read(file), 2, ";");
        assertThat(task.evalProblems(2))
                .extracting(Problem::prompt)
                .containsExactly("1+1=2;3+3=6;2+2=", "1+1=2;2+2=4;5+5=");
        assertThat(task.evalProblems(2)).extracting(Problem::id).containsExactly("sums-0", "sums-1");

        JsonNode row = Json.parse(
                "{\"prompt\": [{\"role\": \"system\", \"content\": \"Be brief.\"}, {\"role\": \"user\", \"content\":"
                        + " \"2+2=\"}]}",
                "the row");
        Problem asked = new Problem(
                "chat",
                Json.compact(row.get("prompt")),
                new Columns(Map.of()),
                Optional.of(ChatRow.read(row, "prompt", "the row")));
        Task chat = new FewShotTask(of(asked), Shot.read(file), 1, ";");
        Problem told = chat.evalProblems(1).getFirst();
        assertThat(told.chat().orElseThrow().prompt().messages())
                .extracting(message -> message.get("role").textValue() + ": "
                        + message.get("content").textValue())
                .containsExactly("system: Be brief.", "user: 1+1=", "assistant: 2", "user: 2+2=");
        assertThatThrownBy(() -> new FewShotTask(sums, Shot.read(file), 4, ";")).hasMessageContaining("there are 3");
        Files.writeString(file, "{\"prompt\": 3}");
        assertThatThrownBy(() -> Shot.read(file)).hasMessageContaining("line 1").hasMessageContaining("'completion'");
    }

    private static Task of(Problem problem) {
        return new Task() {
            @Override
            public String name() {
                return "one";
            }

            @Override
            public Problem trainProblem(long seed, long index) {
                return problem;
            }

            @Override
            public List<Problem> evalProblems(int count) {
                return List.of(problem);
            }

            @Override
            public WeightedRewards rewards() {
                return WeightedRewards.of(RewardFunction.named("any", completion -> Score.of(1)));
            }
        };
    }
}
