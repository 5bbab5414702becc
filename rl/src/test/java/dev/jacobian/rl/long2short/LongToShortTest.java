// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.long2short;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.Json;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.config.RewardCallConfig;
import dev.jacobian.rl.evaluation.Estimate;
import dev.jacobian.rl.evaluation.SavedEvaluation;
import dev.jacobian.rl.promptset.SampledPrompts;
import dev.jacobian.rl.recipe.Problems;
import dev.jacobian.rl.recipe.Recipe;
import dev.jacobian.rl.recipe.ShorterRlStage;
import dev.jacobian.rl.recipe.stage.Pipeline;
import dev.jacobian.rl.recipe.stage.Stage;
import dev.jacobian.rl.recipe.stage.StageResult;
import dev.jacobian.rl.selection.AnswerSampler;
import dev.jacobian.rl.selection.SelectedData;
import dev.jacobian.rl.selection.Selection;
import dev.jacobian.rl.selection.ShorterPairs;
import dev.jacobian.rl.selection.ShortestCorrect;
import dev.jacobian.rl.task.Countdown;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.testing.Bits;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.OpenCheckpoint;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole pipeline in its smallest form, and the rule by which the best of the ways is chosen. */
class LongToShortTest {
    private static final Path BUNDLED = TestPaths.project().resolve("models").resolve("countdown-0.6m");

    @TempDir
    Path folder;

    @Test
    @DisplayName("all four ways run, are measured and drawn; run again, nothing is done again")
    void quick() throws Exception {
        Recipe recipe = LongToShort.bundled(BUNDLED, true);
        assertThat(recipe.stages())
                .extracting(Stage::name)
                .containsExactly("long", "short", "merge", "answers", "shortest", "dpo", "rl", "measure");
        Path out = folder.resolve("out");
        Pipeline pipeline = recipe.pipeline(1);
        Map<String, StageResult> results = pipeline.run(out);
        StageResult measured = results.get("measure");
        for (String model : List.of("long", "short", "merge", "shortest", "dpo", "rl")) {
            assertThat(measured.number(model + " pass@1")).isBetween(0.0, 1.0);
            assertThat(measured.number(model + " tokens")).isPositive();
        }
        for (String trained : List.of("long", "short", "shortest", "dpo", "rl")) {
            assertThat(results.get(trained).samples()).as(trained).isNotEmpty();
            assertThat(results.get(trained).number("steps")).as(trained).isPositive();
        }
        StageResult answers = results.get("answers");
        assertThat(answers.number("rows_shortest")).isPositive();
        assertThat(answers.number("rows_pairs")).isPositive();
        assertThat(answers.number("mean_length_shortest")).isLessThanOrEqualTo(answers.number("mean_length_right"));
        Path page = measured.product(pipeline.folder(out, "measure"), LongToShort.PAGE);
        assertThat(page).content().contains("pass@1 against tokens", "<svg", "shortest", "fewer");
        assertMeanOf(
                pipeline.folder(out, "merge").resolve("model"),
                pipeline.folder(out, "long"),
                pipeline.folder(out, "short"));
        Path file = pipeline.folder(out, "rl").resolve("stage.json");
        long written = Files.getLastModifiedTime(file).toMillis();
        assertThat(pipeline.run(out).get("measure").figures()).isEqualTo(measured.figures());
        assertThat(Files.getLastModifiedTime(file).toMillis()).isEqualTo(written);
    }

    @Test
    @DisplayName("demonstrations and pairs are chosen from the same answers, as the tools choose them")
    void drawnOnce() throws Exception {
        Path out = folder.resolve("out");
        Recipe recipe = LongToShort.of(BUNDLED, Optional.empty(), Problems.of(Countdown.small()), 100, true)
                .with(new Given().set("answers.problems", 40, "test"))
                .upTo("answers");
        Pipeline pipeline = recipe.pipeline(5);
        StageResult answers = pipeline.run(out).get("answers");
        Path stage = pipeline.folder(out, "answers");
        AnswerSampler sampler = new AnswerSampler(
                CausalLM.load(BUNDLED),
                Countdown.small(),
                8,
                GenerationConfig.sampling(100, 1f, 5),
                RewardCallConfig.DEFAULT,
                SampledPrompts.Progress.NONE);
        List<Problem> problems = Countdown.small().trainProblems(5, 0, 40);
        for (Map.Entry<String, Selection> choice : Map.of(
                        "shortest", new ShortestCorrect(), "pairs", (Selection) new ShorterPairs(1.5))
                .entrySet()) {
            Path tool = folder.resolve(choice.getKey());
            SelectedData data = SelectedData.write(sampler, problems, choice.getValue(), tool);
            assertThat(Files.mismatch(tool, answers.product(stage, choice.getKey())))
                    .as(choice.getKey())
                    .isEqualTo(-1);
            assertThat(answers.number("rows_" + choice.getKey())).isEqualTo(data.rows());
            assertThat(answers.number("right")).isEqualTo(data.passAt1());
        }
    }

    @Test
    @DisplayName("the strength of the anchor decides what mirror descent learns, bundled and with a model of one's own")
    void tau() throws Exception {
        for (Recipe recipe : List.of(
                LongToShort.bundled(BUNDLED, true),
                LongToShort.of(BUNDLED, Optional.empty(), Problems.of(Countdown.small()), 100, true))) {
            assertThat(recipe.stage("rl").settings().path("algorithm").asText()).isEqualTo("omd");
            assertThat(recipe.stage("rl").settings().path("updates_per_rollout").intValue())
                    .isGreaterThan(1);
        }
        byte[] loose = weightsWithTau(0.01, 4);
        assertThat(weightsWithTau(10, 4)).isNotEqualTo(loose);
        assertThat(weightsWithTau(0.01, 4)).isEqualTo(loose);
        // with a single update the policy is its own anchor: this is what several are for
        assertThat(weightsWithTau(10, 1)).isEqualTo(weightsWithTau(0.01, 1));
    }

    private byte[] weightsWithTau(double tau, int updates) throws Exception {
        ShorterRlStage rl =
                (ShorterRlStage) LongToShort.of(BUNDLED, Optional.empty(), Problems.of(Countdown.small()), 60, true)
                        .stage("rl")
                        .with(new Given()
                                .set("tau", tau, "test")
                                .set("updates_per_rollout", updates, "test")
                                .set("max_steps", 1, "test")
                                .set("prompts_per_step", 8, "test")
                                .set("num_generations", 8, "test")
                                .set("learning_rate", 1e-3, "test")
                                .set("eval_problems", 4, "test")
                                .set("final_eval_problems", 4, "test")
                                .set("check_problems", 4, "test"));
        Path out = Files.createTempDirectory(folder, "tau");
        Pipeline pipeline = new Recipe("tau", List.of(rl)).pipeline(1);
        pipeline.run(out);
        return Files.readAllBytes(pipeline.folder(out, "rl").resolve("model.safetensors"));
    }

    private static void assertMeanOf(Path merged, Path first, Path second) {
        try (OpenCheckpoint m = OpenCheckpoint.open(merged);
                OpenCheckpoint a = OpenCheckpoint.open(first);
                OpenCheckpoint b = OpenCheckpoint.open(second)) {
            for (int i = 0; i < m.tensors().size(); i++) {
                float[] x = a.read(i).floats();
                float[] y = b.read(i).floats();
                float[] mean = new float[x.length];
                for (int j = 0; j < mean.length; j++) {
                    mean[j] = 0.5f * x[j] + 0.5f * y[j];
                }
                Bits.assertBits(m.tensors().get(i).name(), m.read(i).floats(), mean);
            }
        }
    }

    @Test
    void settingsAreOfStagesAndOthersAreRefused() {
        Recipe recipe = LongToShort.bundled(BUNDLED, true);
        Stage merge = recipe.with(new Given().set("merge.weight", 0.25, "test")).stage("merge");
        assertThat(merge.settings().path("weight").doubleValue()).isEqualTo(0.25);
        assertThatThrownBy(() -> recipe.with(new Given().set("merge.wait", 1, "test")))
                .hasMessageContaining("wait")
                .hasMessageContaining("weight");
        assertThatThrownBy(() -> recipe.with(new Given().set("merge.weight", 1.5, "test")))
                .hasMessageContaining("[0, 1]");
        Stage rl = recipe.with(new Given().set("rl.length_weight", 1.0, "test").set("rl.max_steps", 7, "test"))
                .stage("rl");
        assertThat(rl.settings().path("length_weight").doubleValue()).isEqualTo(1);
        assertThat(rl.settings().path("max_steps").intValue()).isEqualTo(7);
        assertThatThrownBy(() -> recipe.with(new Given().set("rl.length_weight", 2.0, "test")))
                .hasMessageContaining("[0, 2)");
        assertThatThrownBy(() -> recipe.with(new Given().set("pairs-data.problems", 5, "test")))
                .hasMessageContaining("no stage 'pairs-data'")
                .hasMessageContaining("answers");
        Stage data = recipe.with(new Given().set("answers.problems", 5, "test")).stage("answers");
        assertThat(data.settings().path("problems").intValue()).isEqualTo(5);
        assertThat(Json.compact(data.settings())).contains("ShorterPairs[ratio=1.5]", "ShortestCorrect");
    }

    private static SavedEvaluation of(String model, double accuracy, double tokens) {
        return new SavedEvaluation(
                model,
                "task",
                1,
                0.95,
                Map.of(
                        "pass@1",
                        new Estimate(accuracy, 0, accuracy, accuracy),
                        "mean_length",
                        new Estimate(tokens, 0, tokens, tokens)),
                Map.of("p", 1));
    }

    @Test
    @DisplayName("the best saves most of those that lose at most two points; if all lose more, it loses least")
    void best() {
        SavedEvaluation longModel = of("long", 0.5, 100);
        TradeOff best = TradeOff.best(
                longModel, List.of(of("a", 0.49, 80), of("b", 0.485, 60), of("c", 0.4, 10), of("d", 0.6, 99)));
        assertThat(best.model()).isEqualTo("b");
        assertThat(best.isReached()).isTrue();
        assertThat(best.sentence())
                .isEqualTo("b: 40.0 % fewer tokens for 1.5 points less of pass@1; the goal of 30 % fewer for at most 2"
                        + " less is reached");
        TradeOff least = TradeOff.best(longModel, List.of(of("a", 0.3, 10), of("b", 0.4, 90)));
        assertThat(least.model()).isEqualTo("b");
        assertThat(least.isReached()).isFalse();
        assertThat(TradeOff.of(longModel, of("longer", 0.6, 150)).sentence())
                .startsWith("longer: 50.0 % more tokens for 10.0 points more of pass@1")
                .endsWith("is missed");
    }

    @Test
    @DisplayName(
            "two points are two points, ties go to the one that is better otherwise, and zero of zero is no success")
    void edges() {
        for (int percent = 3; percent <= 100; percent++) { // 100 (0.52 - 0.5) is more than 2 in binary
            TradeOff exact = TradeOff.of(of("long", percent / 100.0, 100), of("a", (percent - 2) / 100.0, 70));
            assertThat(exact.pointsLost()).as("%d %%", percent).isEqualTo(2);
            assertThat(exact.isReached()).as("%d %%", percent).isTrue();
        }
        SavedEvaluation longModel = of("long", 0.5, 100);
        assertThat(TradeOff.best(longModel, List.of(of("a", 0.49, 60), of("b", 0.5, 60)))
                        .model())
                .isEqualTo("b");
        assertThat(TradeOff.best(longModel, List.of(of("a", 0.3, 60), of("b", 0.3, 50)))
                        .model())
                .isEqualTo("b");
        assertThat(TradeOff.best(longModel, List.of(of("a", 0.5, 60), of("b", 0.5, 60)))
                        .model())
                .isEqualTo("a");
        TradeOff nothing = TradeOff.of(of("long", 0.02, 100), of("a", 0, 1));
        assertThat(nothing.isReached()).isFalse();
        assertThat(nothing.sentence()).contains("missed: the long model has nothing to lose");
        assertThatThrownBy(() -> TradeOff.best(longModel, List.of())).hasMessageContaining("no short model");
        assertThatThrownBy(() -> TradeOff.of(of("long", 0.5, 0), of("a", 0.5, 0)))
                .hasMessageContaining("numbers");
    }
}
