// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.Jsonl;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.judge.PreferenceModel;
import dev.jacobian.rl.long2short.LongToShort;
import dev.jacobian.rl.observe.StepMetrics;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.recipe.stage.Pipeline;
import dev.jacobian.rl.recipe.stage.Source;
import dev.jacobian.rl.recipe.stage.Stage;
import dev.jacobian.rl.recipe.stage.StageFile;
import dev.jacobian.rl.recipe.stage.StageListener;
import dev.jacobian.rl.recipe.stage.StageResult;
import dev.jacobian.rl.reward.FormatReward;
import dev.jacobian.rl.reward.LanguageReward;
import dev.jacobian.rl.selection.Keep;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.rl.task.Countdown;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.generation.FinishReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every stage of every recipe at its smallest: what it has made, from what it was made, and that a pipeline which is interrupted before and within
 * each stage comes to the same bits.
 */
class SmallestRecipesTest {
    private static final Path BUNDLED = TestPaths.project().resolve("models").resolve("countdown-0.6m");
    private static final long SEED = 3;
    private static final int PROMPTS = 4;
    private static final int GENERATIONS = 4;

    @TempDir
    Path folder;

    /** Thrown at a place where a process might have been killed. */
    private static final class Interrupted extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    /** Interrupts before each stage and behind the first thing that is heard of within it, once each. */
    private static final class Interrupting implements StageListener {
        private final Set<String> before = new HashSet<>();
        private final Set<String> within = new HashSet<>();

        @Override
        public TrainingListener begins(Stage stage, int number, int of) {
            if (before.add(stage.name())) {
                throw new Interrupted();
            }
            return new TrainingListener() {
                @Override
                public void onStep(StepMetrics metrics) {
                    if (metrics.step() > 0 && within.add(stage.name())) {
                        throw new Interrupted();
                    }
                }

                @Override
                public void onMessage(String message) {
                    if (message.contains(" of ") && within.add(stage.name())) { // a part is sampled
                        throw new Interrupted();
                    }
                }
            };
        }
    }

    /** Two steps of everything, on few problems. */
    private static Recipe smallest(Recipe recipe) {
        Given given = new Given();
        for (Stage stage : recipe.stages()) {
            Map<String, Integer> small = new LinkedHashMap<>();
            boolean learns = stage instanceof RlStage || stage instanceof ShorterRlStage;
            if (stage instanceof SamplingStage) {
                small.put("problems", 40);
            } else if (stage instanceof PromptStage) {
                small.put("prompts", 24);
                small.put("samples", 4);
            } else if (learns) {
                small.put("prompts_per_step", PROMPTS);
                small.put("num_generations", GENERATIONS);
                small.put("eval_problems", 4);
                small.put("final_eval_problems", 4);
                small.put("eval_steps", 1);
            }
            if (stage.settings().path("max_steps").asInt(-1) > 0) {
                small.put("max_steps", stage.name().startsWith("iteration") ? 1 : 2);
            }
            if (stage.settings().has("save_steps")) {
                small.put("save_steps", 1);
            }
            if (stage.settings().has("check_problems")) {
                small.put("check_problems", 4);
                small.put("check_samples", 1);
            }
            small.forEach((key, value) -> given.set(stage.name() + "." + key, value, "test"));
            if (stage.settings().has("learning_rate")) {
                given.set(stage.name() + ".learning_rate", 1e-4, "test"); // what the base model can do it still can
            }
        }
        return recipe.with(given);
    }

    private static Recipe named(String name) {
        return smallest(Recipes.named(name).on(Ground.bundled(BUNDLED, true)));
    }

    /** Runs it whole and interrupted, and compares everything but the time. */
    private Map<String, StageResult> run(Recipe recipe) throws IOException {
        Pipeline pipeline = recipe.pipeline(SEED);
        Path whole = folder.resolve("whole");
        Map<String, StageResult> results = pipeline.run(whole);
        Path broken = folder.resolve("broken");
        Interrupting interrupting = new Interrupting();
        int interruptions = 0;
        for (boolean ends = false; !ends; ) {
            try {
                pipeline.run(broken, Optional.empty(), path -> ModelOptions.DEFAULT, interrupting);
                ends = true;
            } catch (Interrupted killed) {
                interruptions++;
            }
        }
        assertThat(interruptions)
                .isEqualTo(interrupting.before.size() + interrupting.within.size())
                .isGreaterThan(recipe.stages().size());
        for (Stage stage : recipe.stages()) {
            Path first = pipeline.folder(whole, stage.name());
            Path second = pipeline.folder(broken, stage.name());
            assertThat(told(second)).as(stage.name()).isEqualTo(told(first));
            try (Stream<Path> files = Files.walk(first)) {
                for (Path file : files.filter(SmallestRecipesTest::isProduct).toList()) {
                    assertThat(Files.mismatch(
                                    file, second.resolve(first.relativize(file).toString())))
                            .as("%s", file)
                            .isEqualTo(-1);
                }
            }
        }
        return results;
    }

    private static boolean isProduct(Path file) {
        String name = String.valueOf(file.getFileName());
        return (name.equals("model.safetensors") || name.equals("config.json") || name.endsWith(".jsonl"))
                && !file.toString().contains("checkpoint-")
                && !name.equals("metrics.jsonl") // has times
                && !name.equals("timeline.jsonl")
                && !name.equals("completions.jsonl");
    }

    private static ObjectNode told(Path stage) {
        ObjectNode json = (ObjectNode) Json.read(stage.resolve(StageFile.NAME));
        json.remove("seconds");
        return json;
    }

    private Path stage(String name) {
        return folder.resolve("whole").resolve(name);
    }

    /** What a run began with, as it says itself. */
    private String source(String stage) {
        return Json.read(stage(stage).resolve("run.json"))
                .path("inputs")
                .path("model/model.safetensors")
                .asText();
    }

    private String weights(String stage) throws Exception {
        byte[] digest = MessageDigest.getInstance("SHA-256")
                .digest(Files.readAllBytes(stage(stage).resolve("model.safetensors")));
        return "sha256:" + HexFormat.of().formatHex(digest);
    }

    private static void assertLearnsOnPolicy(StageResult rl, int steps, int generations) {
        assertThat(rl.number("steps")).isEqualTo(steps);
        assertThat(rl.number("samples")).isEqualTo((double) steps * PROMPTS * generations);
        assertThat(rl.number("sampling_logp_difference_max")).isZero();
        assertThat(rl.samples()).extracting("when").containsExactly("before", "after");
        assertThat(rl.curves()).containsKeys("reward", "completions/mean_length", "reflection_words", "entropy");
    }

    @Test
    @DisplayName("tinyzero: PPO with a value model, a tenth for the form")
    void tinyzero() throws Exception {
        Map<String, StageResult> results = run(named("tinyzero"));
        assertThat(results).containsOnlyKeys("rl");
        assertLearnsOnPolicy(results.get("rl"), 2, GENERATIONS);
        assertThat(weights("01-rl")).isNotEqualTo(source("01-rl"));
        JsonNode run = Json.read(stage("01-rl").resolve("run.json"));
        assertThat(run.path("algorithm").asText()).isEqualTo("ppo");
        assertThat(Files.readString(stage("01-rl").resolve("metrics.jsonl"))).contains("loss/value_avg");
        for (JsonNode sample : Jsonl.read(stage("01-rl").resolve("completions.jsonl"))) {
            assertThat(sample.path("reward").doubleValue()).isIn(0.0, 0.1, 1.0);
        }
    }

    @Test
    @DisplayName("r1-zero: GRPO, a fifth for the format beside the answer")
    void r1Zero() throws Exception {
        Map<String, StageResult> results = run(named("r1-zero"));
        assertThat(results).containsOnlyKeys("rl");
        assertLearnsOnPolicy(results.get("rl"), 2, GENERATIONS);
        assertThat(results.get("rl").curves()).containsKeys("rewards/format/mean", "rewards/countdown/mean");
    }

    @Test
    @DisplayName("opo: three arms from the same weights, which sample the same at first and learn something else")
    void opo() throws Exception {
        Map<String, StageResult> results = run(named("opo"));
        assertThat(results.keySet()).containsExactly("grpo-loose", "grpo", "opo");
        List<String> arms = List.of("01-grpo-loose", "02-grpo", "03-opo");
        assertThat(arms.stream().map(this::source).distinct()).hasSize(1);
        Set<String> learned = new HashSet<>();
        for (String arm : arms) {
            learned.add(weights(arm));
        }
        assertThat(learned).hasSize(3);
        Set<Double> first = results.values().stream()
                .map(arm -> arm.curves().get("reward").values().getFirst())
                .collect(Collectors.toSet());
        assertThat(first).hasSize(1);
        for (StageResult arm : results.values()) {
            assertLearnsOnPolicy(arm, 2, GENERATIONS);
            assertThat(arm.number("pass@1_before")).isEqualTo(results.get("opo").number("pass@1_before"));
        }
    }

    @Test
    @DisplayName("sppo: pairs, a preference model, and three iterations from each other on problems of their own")
    void sppo() throws Exception {
        Map<String, StageResult> results = run(named("sppo"));
        assertThat(results.keySet())
                .containsExactly("pairs", "preference", "iteration-1", "iteration-2", "iteration-3");
        List<JsonNode> pairs = Jsonl.read(stage("01-pairs").resolve("data.jsonl"));
        assertThat(pairs).hasSize((int) results.get("pairs").number("rows")).isNotEmpty();
        for (JsonNode pair : pairs) {
            assertThat(isRight(pair, "chosen")).as("%s", pair).isTrue();
            if (isRight(pair, "rejected")) { // of right ones the shorter is better
                assertThat(pair.path("chosen").asText().length())
                        .isLessThan(pair.path("rejected").asText().length());
            }
        }
        assertThat(results.get("preference").number("rows")).isEqualTo(pairs.size());
        assertThat(results.get("preference").number("accuracy_new")).isBetween(0.0, 1.0);
        assertThat(source("04-iteration-2")).isEqualTo(weights("03-iteration-1"));
        assertThat(source("05-iteration-3")).isEqualTo(weights("04-iteration-2"));
        Set<String> prompts = new HashSet<>();
        for (String iteration : List.of("03-iteration-1", "04-iteration-2", "05-iteration-3")) {
            StageResult result = results.get(iteration.substring(3));
            assertLearnsOnPolicy(result, 1, GENERATIONS);
            // a win and a loss add up to one, so a group of answers wins half its comparisons
            assertThat(result.curves().get("reward").values().getFirst()).isCloseTo(0.5, within(1e-6));
            prompts.add(Jsonl.read(stage(iteration).resolve("completions.jsonl"))
                    .getFirst()
                    .path("prompt")
                    .asText());
        }
        assertThat(prompts).hasSize(3);
    }

    @Test
    @DisplayName("sppo's judge divides by the tau that the preference model was trained with")
    void judgesTau() {
        Recipe recipe = named("sppo").with(new Given().set("preference.tau", 0.7, "test"));
        recipe.upTo("preference").pipeline(SEED).run(folder.resolve("whole"));
        assertThat(PreferenceModel.trainedTau(stage("02-preference"))).isEqualTo(0.7);
    }

    @Test
    @DisplayName("k1.5: each stage begins where the one before it ended, on prompts that were chosen")
    void kimi() throws Exception {
        Map<String, StageResult> results = run(named("k1.5"));
        assertThat(results.keySet())
                .containsExactly(
                        "context", "sft", "warm-up", "prompts", "rl-curriculum", "rl-prioritized", "long2short");
        assertThat(source("03-warm-up")).isEqualTo(weights("02-sft"));
        assertThat(source("05-rl-curriculum")).isEqualTo(weights("03-warm-up"));
        assertThat(source("06-rl-prioritized")).isEqualTo(weights("05-rl-curriculum"));
        assertThat(source("07-long2short")).isEqualTo(weights("06-rl-prioritized"));
        for (JsonNode prompt : Jsonl.read(stage("04-prompts").resolve("data.jsonl"))) {
            assertThat(prompt.path("pass_rate").asDouble()).isBetween(0.05, 0.95);
        }
        assertThat(results.get("rl-curriculum").curves()).doesNotContainKey("rewards/group_length/mean");
        assertThat(results.get("long2short").curves()).containsKey("rewards/group_length/mean");
        assertThat(results.get("long2short").number("sampling_logp_difference_max"))
                .isZero();
    }

    @Test
    @DisplayName("r1: what each of its stages has made, and of what")
    void r1() throws Exception {
        Recipe recipe = named("r1")
                .with(new Given()
                        .set("sft.max_steps", 30, "test") // so that some sums are right: a reward model needs both
                        .set("sft.learning_rate", 2e-3, "test")
                        .set("judged.problems", 200, "test")
                        .set("rejection.max_completion_length", 120, "test")
                        .set("answers.problems", 100, "test"));
        Map<String, StageResult> results = run(recipe);
        assertThat(results.keySet())
                .containsExactly(
                        "context",
                        "cold-start",
                        "reasoning-rl",
                        "rejection",
                        "sft",
                        "judged",
                        "reward-model",
                        "rl-all",
                        "small",
                        "student",
                        "answers",
                        "distill",
                        "distill-rl");
        String base = source("02-cold-start");
        assertThat(source("03-reasoning-rl")).isEqualTo(weights("02-cold-start"));
        assertThat(source("05-sft")).as("the base model again").isEqualTo(base);
        assertThat(source("08-rl-all")).isEqualTo(weights("05-sft"));
        assertThat(source("12-distill")).isEqualTo(weights("10-student"));
        assertThat(source("13-distill-rl")).isEqualTo(weights("12-distill"));
        assertThat(results.get("reasoning-rl").curves())
                .containsKeys("rewards/language_consistency/mean", "rewards/countdown/mean");

        List<JsonNode> kept = Jsonl.read(stage("04-rejection").resolve("data.jsonl"));
        assertThat(kept).hasSize((int) results.get("rejection").number("rows"));
        for (JsonNode row : kept) {
            assertThat(isRight(row, "completion")).isTrue();
            var completion = problem(row).completion(row.path("completion").asText(), new int[0], FinishReason.STOP);
            assertThat(FormatReward.DEFAULT.score(completion).orNaN()).isEqualTo(1);
            assertThat(row.path("completion").asText()).doesNotContainPattern("[等先再对不看]");
            assertThat(LanguageReward.DEFAULT.score(completion).orNaN()).isIn(0.0, 1.0);
        }
        List<JsonNode> judged = Jsonl.read(stage("06-judged").resolve("data.jsonl"));
        assertThat(judged.stream().map(row -> row.path("label").asBoolean()).distinct())
                .hasSize(2);
        for (JsonNode row : judged) {
            assertThat(row.path("label").asBoolean()).isEqualTo(isRight(sums(), row, "completion"));
        }
        assertThat(results.get("reward-model").number("rows")).isEqualTo(judged.size());
        assertThat(results.get("rl-all").curves().keySet()).anyMatch(name -> name.contains("verdict"));
        assertThat(results.get("small").number("parameters")).isBetween(1.0, 300_000.0);
        for (JsonNode row : Jsonl.read(stage("11-answers").resolve("data.jsonl"))) {
            assertThat(isRight(row, "completion")).isTrue();
        }
        assertThat(weights("12-distill")).isNotEqualTo(weights("10-student"));
    }

    @Test
    @DisplayName("long2short: interrupted before and within each of its stages")
    void longToShort() throws Exception {
        Recipe recipe =
                smallest(LongToShort.bundled(BUNDLED, true)).with(new Given().set("measure.problems", 6, "test"));
        Map<String, StageResult> results = run(recipe);
        assertThat(results.get("measure").figures()).containsKeys("best", "verdict", "rl tokens", "merge pass@1");
        assertThat(source("05-shortest")).isEqualTo(weights("01-long"));
        assertThat(source("06-dpo")).isEqualTo(weights("01-long"));
        assertThat(source("07-rl")).isEqualTo(weights("01-long"));
    }

    @Test
    @DisplayName("where no answer is right there is an error that says what to do, and no data")
    void nothingKept() {
        Recipe recipe = Recipe.of(
                "none",
                new SamplingStage(
                        "rejection",
                        "sums of a model that knows none",
                        Source.of(BUNDLED),
                        Problems.of(new Addition()),
                        Keep.RIGHT,
                        new AnswersConfig(4, 2, 2, 1)));
        assertThatThrownBy(() -> recipe.pipeline(SEED).run(folder.resolve("whole")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("stage 'rejection' has nothing to learn from")
                .hasMessageContaining("--from rejection --set rejection.problems");
        assertThat(stage("01-rejection").resolve("data.jsonl")).doesNotExist();
        assertThat(stage("01-rejection").resolve(StageFile.NAME)).doesNotExist();
    }

    private static Map<String, Problem> byPrompt(Task task, int count) {
        return task.trainProblems(SEED, 0, count).stream()
                .collect(Collectors.toMap(Problem::prompt, Function.identity(), (first, second) -> first));
    }

    private static Task sums() {
        return new Addition();
    }

    private static Problem problem(JsonNode row) {
        return byPrompt(Countdown.small(), 200).get(row.path("prompt").asText());
    }

    private static boolean isRight(JsonNode row, String column) {
        return isRight(Countdown.small(), row, column);
    }

    private static boolean isRight(Task task, JsonNode row, String column) {
        Problem problem = byPrompt(task, 400).get(row.path("prompt").asText());
        assertThat(problem).as("%s", row).isNotNull();
        var completion = problem.completion(row.path(column).asText(), new int[] {1}, FinishReason.STOP);
        return task.rewards()
                        .score(List.of(List.of(completion)))
                        .getFirst()
                        .getFirst()
                        .total()
                        .orNaN()
                >= task.solvedThreshold();
    }
}
