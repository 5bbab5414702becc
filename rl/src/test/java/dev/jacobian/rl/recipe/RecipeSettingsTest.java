// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.judge.RewardedTask;
import dev.jacobian.rl.long2short.LongToShort;
import dev.jacobian.rl.recipe.stage.Pipeline;
import dev.jacobian.rl.recipe.stage.Source;
import dev.jacobian.rl.recipe.stage.Stage;
import dev.jacobian.rl.recipe.stage.StageFile;
import dev.jacobian.rl.reward.CountdownReward;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.selection.Keep;
import dev.jacobian.rl.task.Countdown;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** No setting of a recipe is there in vain: another value is another plan or an error, and of a stage's own settings another result. */
class RecipeSettingsTest {
    private static final Path BUNDLED = TestPaths.project().resolve("models").resolve("countdown-0.6m");

    /** What a stage says of itself and nobody sets: where things come from. */
    private static final Set<String> SAID = Set.of(
            "model",
            "data",
            "problems",
            "measured",
            "of",
            "keep",
            "method",
            "instruction",
            "like",
            "long",
            "short",
            "models",
            "algorithm");

    @TempDir
    Path folder;

    private static Stream<Recipe> recipes() {
        Ground ground = Ground.bundled(BUNDLED, true);
        return Stream.concat(
                Recipes.all().stream().map(recipe -> recipe.on(ground)), Stream.of(LongToShort.bundled(BUNDLED, true)));
    }

    @Test
    @DisplayName(
            "each key that a plan prints can be set, and another value is another plan or an error that names the key")
    void plans() {
        int set = 0;
        for (Recipe recipe : recipes().toList()) {
            for (Stage stage : recipe.stages()) {
                for (String key : names(stage.settings())) {
                    JsonNode value = stage.settings().get(key);
                    Object other = other(value);
                    if (other == null || SAID.contains(key) && !value.isNumber()) {
                        continue;
                    }
                    String where = recipe.name() + ": " + stage.name() + "." + key;
                    try {
                        Stage changed = stage.with(new Given().set(key, other, "flipped"));
                        assertThat(changed.settings().get(key)).as("%s", where).isNotEqualTo(value);
                        set++;
                    } catch (RuntimeException refused) {
                        assertThat(String.valueOf(refused.getMessage()))
                                .as("%s", where)
                                .contains(key);
                    }
                }
            }
        }
        assertThat(set).isGreaterThan(500);
    }

    private static List<String> names(ObjectNode settings) {
        List<String> names = new ArrayList<>();
        settings.fieldNames().forEachRemaining(names::add);
        return names;
    }

    private static Object other(JsonNode value) {
        if (value.isBoolean()) {
            return !value.booleanValue();
        }
        if (value.isIntegralNumber()) {
            return value.longValue() + 1;
        }
        return value.isNumber() ? (Object) (value.doubleValue() * 0.5 + 0.01) : null;
    }

    @Test
    @DisplayName("a stage's own settings decide what it does")
    void results() throws IOException {
        Source base = Source.of(BUNDLED);
        Problems problems = Problems.of(Countdown.small());
        RlConfig config = RlConfig.builder()
                .maxSteps(1)
                .promptsPerStep(4)
                .numGenerations(4)
                .maxCompletionLength(60)
                .learningRate(1e-3)
                .saveSteps(1)
                .evalProblems(4)
                .finalEvalProblems(4)
                .build();
        CheckConfig check = new CheckConfig(8, 60, 1);
        RlStage rl = new RlStage("rl", "", base, problems, config, check);
        flip(rl, "check_problems", 12);
        flip(rl, "check_tokens", 12);
        flip(rl, "check_samples", 2);
        ShorterRlStage shorter = new ShorterRlStage(rl, new ShorterConfig(0.5, 0));
        flip(shorter, "length_weight", 1.0);
        flip(shorter, "length_warmup_steps", 1);
        SamplingStage sampling =
                new SamplingStage("answers", "", base, problems, Keep.JUDGED, new AnswersConfig(8, 4, 60, 1));
        flip(sampling, "problems", 9);
        flip(sampling, "samples", 5);
        flip(sampling, "max_completion_length", 40);
        flip(sampling, "temperature", 0.7);
        flip(new ContextStage("context", base, ContextStage.Config.DEFAULT), "max_positions", 300);
        NewModelStage small = new NewModelStage("small", base, NewModelStage.Size.DEFAULT);
        flip(small, "hidden_size", 32);
        flip(small, "intermediate_size", 64);
        flip(small, "num_hidden_layers", 1);
        PromptStage prompts = new PromptStage(
                "prompts",
                base,
                Problems.of(new RewardedTask(Countdown.small(), WeightedRewards.of(new CountdownReward(0, 1)), 1)),
                "<think>\n</think>\n",
                new PromptStage.Config(24, 2, 4, 1.2, 60, 0.05, 0.95));
        flip(prompts, "prompts", 20);
        flip(prompts, "guesses", 8);
        flip(prompts, "samples", 8);
        flip(prompts, "temperature", 0.5);
        flip(prompts, "max_completion_length", 30);
        flip(prompts, "lowest", 0.3);
        flip(prompts, "highest", 0.3);
    }

    private void flip(Stage stage, String key, Object value) throws IOException {
        Stage other = stage.with(new Given().set(key, value, "flipped"));
        assertThat(told(other)).as("%s.%s", stage.name(), key).isNotEqualTo(told(stage));
    }

    /** What a stage alone has done: all that is told of it but settings and time. */
    private ObjectNode told(Stage stage) throws IOException {
        Path out = Files.createTempDirectory(folder, "told");
        Pipeline pipeline = new Pipeline("one", List.of(stage), 3);
        pipeline.run(out);
        ObjectNode json =
                (ObjectNode) Json.read(pipeline.folder(out, stage.name()).resolve(StageFile.NAME));
        json.remove(List.of("seconds", "settings", "purpose"));
        return json;
    }
}
