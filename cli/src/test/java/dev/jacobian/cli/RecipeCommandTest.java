// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole systems on the command line: what each of their stages has done, going on, and bad input. */
class RecipeCommandTest {
    @TempDir
    Path folder;

    @BeforeAll
    static void findBundledModel() {
        System.setProperty("jacobian.home", TestPaths.project().toString());
    }

    private JsonNode quick(String recipe, String... settings) {
        List<Object> args =
                new ArrayList<>(List.of("recipe", recipe, "--quick", "--json", "--out", folder.resolve(recipe)));
        for (String setting : settings) {
            args.add("--set");
            args.add(setting);
        }
        return Run.of(args.toArray()).json().get("stages");
    }

    private String refused(Object... more) {
        Object[] args = Stream.concat(
                        Stream.of("recipe", "r1-zero", "--quick", "--out", folder.resolve("refused")), Stream.of(more))
                .toArray();
        return Run.of(args).failure(ExitCode.FAILED);
    }

    @Test
    @DisplayName("without a name all recipes are listed with their stages")
    void listed() {
        JsonNode recipes = Run.of("recipe", "--json").json().get("recipes");
        assertThat(recipes.findValuesAsText("name"))
                .contains("tinyzero", "r1-zero", "r1", "k1.5", "opo", "sppo", "reasoning-rl", "rl-curriculum");
        assertThat(Run.of("recipe").result()).contains("arXiv 2501.12948");
        JsonNode plan = Run.of("recipe", "k1.5", "--dry-run", "--json", "--set", "rl-curriculum.tau=0.3")
                .json();
        assertThat(plan.get("stages").findValue("tau").asDouble()).isEqualTo(0.3);
        assertThat(plan.get("stages").findValuesAsText("curriculum"))
                .containsSubsequence("easy_to_hard", "prioritized");
    }

    @Test
    @DisplayName("r1-zero: the base model solves more after a few steps, at greater length, and its format stays")
    void zero() throws IOException {
        JsonNode rl = quick("r1-zero").get("rl");
        assertThat(rl.get("pass@1_after").asDouble())
                .isGreaterThan(rl.get("pass@1_before").asDouble() + 0.05);
        assertThat(rl.get("mean_length_after").asDouble())
                .isGreaterThan(rl.get("mean_length_before").asDouble());
        assertThat(rl.get("format_after").asDouble()).isGreaterThan(0.9);
        assertThat(rl.get("sampling_logp_difference_max").asDouble()).isZero();
        Path out = folder.resolve("r1-zero");
        assertThat(out.resolve("01-rl/model.safetensors")).exists();
        String page = Files.readString(out.resolve("report.html"));
        assertThat(page).contains("completions/mean_length", "rewards/format/mean", "&lt;think&gt;", "before", "after");
        assertThat(page).doesNotContain("<think>");
        Run again = Run.of("recipe", "r1-zero", "--quick", "--out", out);
        assertThat(again.code()).isZero();
        assertThat(again.err()).contains("finished before");
        assertThat(Run.of("recipe", "r1-zero", "--quick", "--out", out, "--set", "rl.beta=0.1")
                        .failureBehindNotes())
                .contains("stage 'rl'", "beta was 0.0, now 0.1", "--from rl");
        assertThat(Run.of("recipe", "opo", "--quick", "--out", out).failureBehindNotes())
                .contains("of the recipe 'r1-zero', not of 'opo'");
    }

    @Test
    @DisplayName(
            "k1.5: the warm-up teaches to look again, prompts are chosen and told how hard they are, mirror descent is"
                    + " on policy")
    void kimi() throws IOException {
        JsonNode stages = quick("k1.5");
        assertThat(stages.properties().stream().map(Map.Entry::getKey))
                .containsExactly(
                        "context", "sft", "warm-up", "prompts", "rl-curriculum", "rl-prioritized", "long2short");
        JsonNode warm = stages.get("warm-up");
        assertThat(warm.get("reflection_words_before").asDouble()).isZero();
        assertThat(warm.get("reflection_words_after").asDouble()).isGreaterThan(0.3);
        assertThat(warm.get("mean_length_after").asDouble())
                .isGreaterThan(2 * warm.get("mean_length_before").asDouble());
        JsonNode prompts = stages.get("prompts");
        assertThat(prompts.get("after_guesses").asInt())
                .isLessThan(prompts.get("prompts").asInt());
        assertThat(prompts.get("after_difficulty").asInt())
                .isLessThanOrEqualTo(prompts.get("after_guesses").asInt());
        assertThat(Files.readString(folder.resolve("k1.5/04-prompts/data.jsonl")))
                .contains("\"pass_rate\":");
        for (String stage : List.of("rl-curriculum", "rl-prioritized", "long2short")) {
            assertThat(stages.get(stage).get("sampling_logp_difference_max").asDouble())
                    .as(stage)
                    .isZero();
        }
        assertThat(Files.readString(folder.resolve("k1.5/06-rl-prioritized/metrics.jsonl")))
                .contains("rewards/group_length/mean");
    }

    @Test
    @DisplayName("an unknown recipe, stage or setting is refused before anything is written")
    void unknown() {
        assertThat(Run.of("recipe", "r2").failure(ExitCode.USAGE)).contains("no recipe 'r2'", "tinyzero");
        assertThat(Run.of("recipe", "--quick").failure(ExitCode.USAGE)).contains("name a recipe");
        assertThat(Run.of("recipe", "r1-zero", "--from", "sft").failure(ExitCode.USAGE))
                .contains("no stage 'sft'; its stages: rl");
        assertThat(refused("--set", "sft.max_steps=3")).contains("no stage 'sft'", "rl");
        assertThat(refused("--set", "rl.learning_rat=3")).contains("'learning_rat' is unknown", "learning_rate");
        assertThat(refused("--set", "rl.max_steps=none")).contains("max_steps");
        assertThat(refused("--set", "rl.tau=1")).contains("tau", "omd");
        assertThat(refused("--set", "max_steps=1")).contains("names no stage", "STAGE.KEY=VALUE");
        assertThat(refused("--student", BundledModel.folder())).contains("r1-zero has no use for --student");
        assertThat(refused("--demonstrations", folder)).contains("r1-zero has no use for --demonstrations");
        assertThat(Run.of("recipe", "r1", "--quick", "--solutions", folder).failure(ExitCode.FAILED))
                .contains("r1 has no use for --solutions; it takes --demonstrations, --student");
        assertThat(folder.resolve("refused")).doesNotExist();
    }

    @Test
    @DisplayName(
            "what a model of one's own imitates is learned once: long thoughts, and before them short ones if given")
    void imitatedOnce() throws IOException {
        Path rows = Files.writeString(folder.resolve("rows.jsonl"), "{\"prompt\":\"1+1\",\"completion\":\"2\"}\n");
        Path shorter = Files.copy(rows, folder.resolve("short.jsonl"));
        Path model = folder.resolve("model");
        copyModel(model);
        Object[] own = {"recipe", "k1.5", "--dry-run", "--json", "--model", model, "--demonstrations", rows};
        JsonNode plan = Run.of(own).json().get("stages");
        assertThat(plan.findValuesAsText("name")).startsWith("warm-up", "prompts");
        assertThat(plan.findValuesAsText("data")).containsExactly(rows.toString());
        Object[] both =
                Stream.concat(Stream.of(own), Stream.of("--solutions", shorter)).toArray();
        JsonNode longer = Run.of(both).json().get("stages");
        assertThat(longer.findValuesAsText("name")).startsWith("sft", "warm-up", "prompts");
        assertThat(longer.findValuesAsText("data")).containsExactly(shorter.toString(), rows.toString());
        JsonNode bundled =
                Run.of("recipe", "k1.5", "--dry-run", "--json").json().get("stages");
        assertThat(bundled.get(1).get("settings").get("seed"))
                .isNotEqualTo(bundled.get(2).get("settings").get("seed")); // problems of their own
    }

    @Test
    @DisplayName(
            "a model without tokenizer, data without the column, a folder that is a file: one error before the first"
                    + " stage")
    void unusable() throws IOException {
        Path data = Files.writeString(folder.resolve("rows.jsonl"), "{\"prompt\":\"1+1\",\"solution\":\"2\"}\n");
        assertThat(refused("--data", data)).contains("rows.jsonl", "answer");
        assertThat(refused("--data", folder.resolve("none.jsonl"))).contains("no such file");
        assertThat(refused("--model", folder.resolve("none"))).contains("none");
        Path model = folder.resolve("model");
        copyModel(model);
        Files.delete(model.resolve("tokenizer.json"));
        Run run = Run.of("recipe", "r1-zero", "--quick", "--out", folder.resolve("refused"), "--model", model);
        assertThat(run.failureBehindNotes()).contains("tokenizer");
        assertThat(folder.resolve("refused/01-rl")).doesNotExist();
        assertThat(Run.of("recipe", "r1", "--quick", "--model", model, "--out", folder.resolve("x"))
                        .failure(ExitCode.FAILED))
                .contains("--demonstrations");
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThat(Run.of("recipe", "r1-zero", "--quick", "--out", file).failure(ExitCode.FAILED))
                .contains("is a file");
        assertThat(Run.of("recipe", "r1-zero", "--quick", "--out", model).failureBehindNotes())
                .contains("is not empty and holds no recipe");
    }

    private static void copyModel(Path to) throws IOException {
        Files.createDirectory(to);
        try (Stream<Path> files = Files.list(BundledModel.folder())) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName().toString()));
            }
        }
    }
}
