// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.Jsonl;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code distill} from the command line to the files that it leaves. */
class DistillCommandTest {
    private static final Path MODELS = TestPaths.testdata("training", "models");
    private static final Path STUDENT = MODELS.resolve("tiny-llama");
    private static final Path TEACHER = MODELS.resolve("tiny-llama-teacher");
    private static final String SHORT = "max_completion_length=5";

    @TempDir
    Path folder;

    @BeforeEach
    void home() {
        System.setProperty("jacobian.home", TestPaths.project().toString());
    }

    private Path write(String name, IntFunction<String> row) throws IOException {
        return Files.writeString(
                folder.resolve(name), IntStream.range(0, 9).mapToObj(row).collect(Collectors.joining("\n")));
    }

    private Path demonstrations() throws IOException {
        return write("demonstrations.jsonl", i -> "{\"prompt\": \"Say " + i + ".\", \"completion\": \" " + i + "\"}");
    }

    private Path recorded() throws IOException {
        return write("recorded.jsonl", i -> "{\"prompt_ids\": [5, " + (i + 6) + "], \"completion_ids\": [7, 8, 256]}");
    }

    private static Run distill(Path out, Object... more) {
        List<Object> args = new ArrayList<>(List.of("distill", "--json", "--model", STUDENT, "--steps", 4));
        args.addAll(List.of("--batch-size", 3, "--learning-rate", 1e-3, "--set", "save_steps=2", "--out", out));
        args.addAll(List.of(more));
        return Run.of(args.toArray());
    }

    private Object[] options(String method) throws IOException {
        return switch (method) {
            case "distill-gkd" ->
                new Object[] {"--teacher", TEACHER, "--data", demonstrations(), "--set", "max_new_tokens=5"};
            case "distill-recorded" ->
                new Object[] {"--teacher", TEACHER, "--method", "recorded", "--rollouts", recorded()};
            default ->
                new Object[] {
                    "--teacher",
                    TEACHER + "," + STUDENT,
                    "--method",
                    "on-policy",
                    "--data",
                    demonstrations(),
                    "--set",
                    SHORT
                };
        };
    }

    @ParameterizedTest
    @CsvSource({"distill-gkd", "distill-recorded", "distill-on-policy"})
    @DisplayName("a student learns and is a model like any other; a run that was stopped ends with the same bits")
    void trains(String method) throws IOException {
        Path out = folder.resolve("run");
        JsonNode result = distill(out, options(method)).json();
        assertThat(result.path("steps").asInt()).isEqualTo(4);
        assertThat(Json.read(out.resolve("run.json")).path("algorithm").asText())
                .isEqualTo(method);
        List<Double> losses = losses(out);
        assertThat(losses).hasSize(4);
        byte[] weights = Files.readAllBytes(out.resolve("model.safetensors"));
        assertThat(weights).isNotEqualTo(Files.readAllBytes(STUDENT.resolve("model.safetensors")));

        SavedRuns.cutBack(out, 2);
        Run resumed = Run.of("distill", "--json", "--resume", "--out", out, "--threads", 1);
        assertThat(resumed.json().path("loss")).isEqualTo(result.path("loss"));
        assertThat(Files.readAllBytes(out.resolve("model.safetensors"))).isEqualTo(weights);
        assertThat(losses(out)).isEqualTo(losses);

        Run says = Run.of("generate", "--model", out, "--prompt", "Say 3.", "--max-new-tokens", 4);
        assertThat(says.code()).as(says.err()).isZero();
    }

    private static List<Double> losses(Path run) {
        return Jsonl.read(run.resolve("metrics.jsonl")).stream()
                .map(step -> step.path("loss").asDouble())
                .toList();
    }

    @Test
    @DisplayName("a resumed run keeps its teacher, and refuses another one")
    void otherTeacher() throws IOException {
        Path out = folder.resolve("run");
        assertThat(distill(out, options("distill-recorded")).code()).isZero();
        SavedRuns.cutBack(out, 2);
        assertThat(Run.of("distill", "--resume", "--out", out, "--teacher", STUDENT)
                        .failureBehindNotes())
                .contains("teacher");
    }

    @Test
    @DisplayName("what cannot teach or be learned is told in one sentence, with file and row where it is a row's fault")
    void misuse() throws IOException {
        Path out = folder.resolve("run");
        Path data = demonstrations();
        assertThat(distill(out, "--data", data).failure(ExitCode.USAGE)).contains("distill needs --teacher DIR");
        assertThat(distill(out, "--teacher", TEACHER).failure(ExitCode.USAGE)).contains("needs --data FILE");
        assertThat(distill(out, "--data", data, "--teacher", TEACHER, "--method", "off-policy")
                        .failure(ExitCode.USAGE))
                .contains("--method 'off-policy' is unknown; use gkd, recorded or on-policy");
        assertThat(distill(out, "--data", data, "--teacher", folder.resolve("absent"))
                        .failureBehindNotes())
                .contains("absent");
        assertThat(distill(out, "--data", data, "--teacher", MODELS.resolve("tiny-llama-rm"))
                        .failureBehindNotes())
                .isEqualTo("a teacher is a language model, and this one scores sequences");
        assertThat(distill(out, "--data", data, "--teacher", TestPaths.model("qwen3"))
                        .failureBehindNotes())
                .contains("; distil from a model of the same tokenizer and vocabulary");
        assertThat(distill(out, "--data", data, "--teacher", TestPaths.model("arith-qwen3"))
                        .failureBehindNotes())
                .contains("to the teacher and", "; distil from a model of the same tokenizer");
        assertThat(distill(out, "--data", data, "--teacher", TEACHER + "," + STUDENT)
                        .failureBehindNotes())
                .contains("takes one teacher, got 2");
        Path prompts = write("prompts.jsonl", i -> "{\"prompt\": \"Say " + i + ".\"}");
        assertThat(distill(out, "--data", prompts, "--teacher", TEACHER).failureBehindNotes())
                .contains("prompts.jsonl, row 1", "there is no completion, and distill-gkd samples none for it");
        Path ids = write("ids.jsonl", i -> "{\"prompt_ids\": [5], \"completion_ids\": [" + (261 + i) + "]}");
        assertThat(distill(out, "--method", "recorded", "--rollouts", ids, "--teacher", TEACHER)
                        .failureBehindNotes())
                .contains("ids.jsonl, row 4", "has 264, which is no token of the model's");
        assertThat(distill(out, "--method", "recorded", "--rollouts", prompts, "--teacher", TEACHER)
                        .failureBehindNotes())
                .contains("prompts.jsonl, row 1");
        assertThat(out).doesNotExist();
    }
}
