// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.Jsonl;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code rl --rollouts} as a user has it: TRL's configuration, somebody else's samples. */
class RecordedRunTest {
    private static final Path CASE = TestPaths.testdata("training").resolve("grpo-entropycoef");
    private static final String DIFFERENCE = "sampling/sampling_logp_difference/max";

    @TempDir
    Path folder;

    private Run train(Path out, Path rollouts, Object... more) throws IOException {
        ObjectNode config = (ObjectNode) Json.read(CASE.resolve("config.json"));
        config.remove(List.of("trainer", "run", "final", "note", "other_settings_at_trl_defaults", "reward_funcs"));
        config.put("save_steps", 1);
        Path settings = Files.writeString(folder.resolve("config.json"), config.toString());
        Path model = TestPaths.testdata("training")
                .resolve("models")
                .resolve(Files.readString(CASE.resolve("model")).strip());
        List<Object> command = new ArrayList<>(List.of("rl", "--json", "--algorithm", "grpo", "--model", model));
        command.addAll(List.of("--data", CASE.resolve("data.jsonl"), "--rollouts", rollouts));
        command.addAll(List.of("--config", settings, "--out", out));
        command.addAll(List.of(more));
        return Run.of(command.toArray());
    }

    /** The samples, each line without one of its keys. */
    private Path without(String key) throws IOException {
        List<String> lines = new ArrayList<>();
        for (JsonNode line : Jsonl.read(CASE.resolve("rollouts.jsonl"))) {
            lines.add(((ObjectNode) line).without(key).toString());
        }
        return Files.write(folder.resolve("without-" + key + ".jsonl"), lines);
    }

    @Test
    @DisplayName("a run is measured against its sampler, not on problems, and one that was stopped ends with the same"
            + " weights")
    void recorded() throws IOException {
        Path out = folder.resolve("out");
        JsonNode result = train(out, CASE.resolve("rollouts.jsonl")).json();
        assertThat(result.has("pass@1_after")).isFalse();
        List<JsonNode> steps = Jsonl.read(out.resolve("metrics.jsonl"));
        assertThat(steps).hasSize(4);
        double largest = steps.stream()
                .mapToDouble(step -> step.path(DIFFERENCE).asDouble())
                .max()
                .orElseThrow();
        assertThat(largest).as("the samples are of other weights by then").isPositive();
        assertThat(result.get("sampling_logp_difference_max").asDouble()).isEqualTo(largest);

        byte[] weights = Files.readAllBytes(out.resolve("model.safetensors"));
        SavedRuns.cutBack(out, kept(out));
        Run resumed = Run.of("rl", "--json", "--resume", "--out", out, "--threads", 1);
        assertThat(resumed.code()).as(resumed.err()).isZero();
        assertThat(Files.readAllBytes(out.resolve("model.safetensors"))).isEqualTo(weights);
    }

    /** The earliest checkpoint that is still there. */
    private static int kept(Path out) throws IOException {
        try (Stream<Path> entries = Files.list(out)) {
            return entries.map(entry -> entry.getFileName().toString())
                    .filter(name -> name.startsWith("checkpoint-"))
                    .mapToInt(name -> Integer.parseInt(name.substring("checkpoint-".length())))
                    .min()
                    .orElseThrow();
        }
    }

    @Test
    @DisplayName("a strictly on-policy method refuses samples that are not its own, unless it is told to take them")
    void strictlyOnPolicy() throws IOException {
        Path rollouts = CASE.resolve("rollouts.jsonl");
        Path model = TestPaths.testdata("training", "models").resolve("tiny-llama");
        Path out = folder.resolve("out");
        List<Object> command = new ArrayList<>(List.of("rl", "--json", "--algorithm", "opo", "--model", model));
        command.addAll(List.of("--rollouts", rollouts, "--out", out, "--steps", 1, "--prompts", 1));
        command.addAll(List.of("--group-size", 4, "--set", "max_completion_length=12"));
        Run refused = Run.of(command.toArray());
        assertThat(refused.code()).isEqualTo(ExitCode.FAILED);
        assertThat(refused.err()).contains("opo is strictly on-policy").contains("strict_on_policy=false");
        assertThat(out).doesNotExist();
        command.addAll(List.of("--set", "strict_on_policy=false"));
        Run taken = Run.of(command.toArray());
        assertThat(taken.code()).as(taken.err()).isZero();
        assertThat(taken.json().path("steps").asInt()).isEqualTo(1);
    }

    @Test
    @DisplayName("num_train_epochs counts passes through the rows of --data")
    void epochs() throws IOException {
        Path out = folder.resolve("out");
        Path rollouts = CASE.resolve("rollouts.jsonl");
        List<String> half = List.of("--dry-run", "--set", "max_steps=-1", "--set", "num_train_epochs=0.5");
        Run plan = train(out, rollouts, half.toArray());
        assertThat(plan.code()).as(plan.err()).isZero();
        assertThat(plan.json().path("optimizer_steps").asInt())
                .as("24 rows are 6 generation batches of 4 prompts, and each is one step")
                .isEqualTo(3);
    }

    @Test
    @DisplayName("without the sampler's log-probabilities no difference is claimed, and none can be corrected")
    void unknown() throws IOException {
        Path out = folder.resolve("out");
        Path rollouts = without("sampling_logps");
        JsonNode result = train(out, rollouts).json();
        assertThat(result.has("sampling_logp_difference_max")).isFalse();
        assertThat(Jsonl.read(out.resolve("metrics.jsonl")))
                .noneSatisfy(step -> assertThat(step.has(DIFFERENCE)).isTrue());
        assertThat(Json.read(out.resolve("run.json")).toString()).doesNotContain("sampling_logp_difference_max");
        Run corrected =
                train(folder.resolve("corrected"), rollouts, "--set", "vllm_importance_sampling_correction=true");
        assertThat(corrected.code()).isEqualTo(ExitCode.FAILED);
        assertThat(corrected.err()).contains("have no 'sampling_logps'");
        assertThat(folder.resolve("corrected")).doesNotExist();
    }
}
