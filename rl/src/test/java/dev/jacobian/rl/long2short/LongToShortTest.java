// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.long2short;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.Json;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.evaluation.Estimate;
import dev.jacobian.rl.evaluation.SavedEvaluation;
import dev.jacobian.rl.recipe.stage.Pipeline;
import dev.jacobian.rl.recipe.stage.Stage;
import dev.jacobian.rl.recipe.stage.StageResult;
import dev.jacobian.testing.Bits;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.OpenCheckpoint;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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
        Pipeline pipeline = LongToShort.bundled(BUNDLED, 1, true);
        assertThat(pipeline.stages())
                .extracting(Stage::name)
                .containsExactly(
                        "long", "short", "merge", "shortest-data", "shortest", "pairs-data", "dpo", "rl", "measure");
        Map<String, StageResult> results = pipeline.run(folder.resolve("out"));
        StageResult measured = results.get("measure");
        for (String model : List.of("long", "short", "merge", "shortest", "dpo", "rl")) {
            assertThat(measured.number(model + " pass@1")).isBetween(0.0, 1.0);
            assertThat(measured.number(model + " tokens")).isPositive();
        }
        assertThat(results.get("shortest-data").number("rows")).isPositive();
        assertThat(results.get("shortest-data").number("mean_tokens_shortest"))
                .isLessThanOrEqualTo(results.get("shortest-data").number("mean_tokens_correct"));
        assertThat(results.get("pairs-data").number("rows")).isPositive();
        Path page = measured.product(pipeline.folder(folder.resolve("out"), "measure"), LongToShort.PAGE);
        assertThat(page).content().contains("pass@1 against tokens", "<svg", "shortest", "fewer tokens");
        assertMeanOf(
                pipeline.folder(folder.resolve("out"), "merge").resolve("model"),
                pipeline.folder(folder.resolve("out"), "long"),
                pipeline.folder(folder.resolve("out"), "short"));
        Path file = pipeline.folder(folder.resolve("out"), "rl").resolve("stage.json");
        long written = Files.getLastModifiedTime(file).toMillis();
        assertThat(pipeline.run(folder.resolve("out")).get("measure").figures()).isEqualTo(measured.figures());
        assertThat(Files.getLastModifiedTime(file).toMillis()).isEqualTo(written);
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
        Pipeline pipeline = LongToShort.bundled(BUNDLED, 1, true);
        Stage merge = pipeline.stage("merge").with(new Given().set("weight", 0.25, "test"));
        assertThat(merge.settings().path("weight").doubleValue()).isEqualTo(0.25);
        assertThatThrownBy(() -> merge.with(new Given().set("wait", 1, "test"))).hasMessageContaining("It has weight");
        Stage rl = pipeline.stage("rl")
                .with(new Given().set("length_weight", 1.0, "test").set("max_steps", 7, "test"));
        assertThat(rl.settings().path("length_weight").doubleValue()).isEqualTo(1);
        assertThat(rl.settings().path("max_steps").intValue()).isEqualTo(7);
        assertThatThrownBy(() -> rl.with(new Given().set("length_weight", 2.0, "test")))
                .hasMessageContaining("[0, 2)");
        Stage data = pipeline.stage("pairs-data").with(new Given().set("problems", 5, "test"));
        assertThat(data.settings().path("problems").intValue()).isEqualTo(5);
        assertThat(Json.compact(data.settings())).contains("ShorterPairs[ratio=1.5]");
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
                .isEqualTo(
                        "b: 40.0 % fewer tokens for 1.5 points of pass@1; the goal of 30 % for at most 2 is reached");
        TradeOff least = TradeOff.best(longModel, List.of(of("a", 0.3, 10), of("b", 0.4, 90)));
        assertThat(least.model()).isEqualTo("b");
        assertThat(least.isReached()).isFalse();
    }
}
