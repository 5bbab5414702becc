// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.io.Json;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One's own data at the command line: checked before the first step, small files, and runs that are resumed. */
class DataChecksTest {
    @TempDir
    Path folder;

    @BeforeEach
    void home() {
        System.setProperty("jacobian.home", TestPaths.project().toString());
    }

    /** Sixty rows of which one, row 31, is another. */
    private Path rows(String kind, String other) throws IOException {
        return Files.writeString(
                folder.resolve(kind + ".jsonl"),
                IntStream.range(0, 60)
                        .mapToObj(i -> i == 30
                                ? other
                                : "{\"prompt\": \"" + i
                                        + " 7 15 = 36\\n\", \"answer\": \"1\", \"completion\": \"<answer>1</answer>\"}")
                        .map(line -> line + "\n")
                        .collect(Collectors.joining()));
    }

    private static Run rl(Path data, Path out, String... more) {
        List<Object> args = new ArrayList<>(List.of("rl", "--data", data, "--out", out));
        args.addAll(List.of("--steps", 1, "--prompts", 2, "--group-size", 2, "--model", bundled()));
        args.addAll(List.of("--set", "max_completion_length=4", "--set", "kl_samples=0"));
        args.addAll(List.of(more));
        return Run.of(args.toArray());
    }

    private static Path bundled() {
        return TestPaths.project().resolve("models").resolve("countdown-0.6m");
    }

    @Test
    @DisplayName("rl names the bad row before anything is written, or leaves it out and counts it")
    void badRows() throws IOException {
        String[] bad = {
            "{\"prompt\": \"7 7 7 = 7\\n\"}",
            "{\"prompt\": \"7 7 7 = 7\\n\", \"answer\": [\"1\"]}",
            "{\"prompt\": \"7 7 7 = 7\\n\", \"answer\": true}",
            "{\"prompt\": \"\", \"answer\": \"1\"}",
            "{\"prompt\": \"" + "7 ".repeat(600) + "\\n\", \"answer\": \"1\"}"
        };
        for (int i = 0; i < bad.length; i++) {
            Path data = rows("bad-" + i, bad[i]);
            Path out = folder.resolve("run-" + i);
            Run run = rl(data, out);
            assertThat(run.code()).isEqualTo(ExitCode.FAILED);
            assertThat(run.err()).contains(data + ", row 31").doesNotContain("a defect in Jacobian");
            assertThat(out).doesNotExist();
            Run skipping = rl(data, out, "--skip-bad-rows");
            assertThat(skipping.code()).as(skipping.err()).isZero();
            assertThat(skipping.err()).contains("1 of 60 rows are left out").contains("row 31");
            assertThat(Run.of("rl", "--resume", "--out", out).code()).isZero();
        }
    }

    @Test
    @DisplayName("evaluation takes the rows there are, and says so; eval measures a whole file")
    void evaluationSizes() throws IOException {
        Path data = rows("good", "{\"prompt\": \"7 7 7 = 7\\n\", \"answer\": \"1\"}");
        Run rl = rl(data, folder.resolve("run"));
        assertThat(rl.code()).as(rl.err()).isZero();
        assertThat(rl.err()).contains("held-out problems, fewer than final_eval_problems (500)");
        Run all = Run.of("eval", "--json", "--data", data, "--max-new-tokens", 4);
        assertThat(all.json().path("problems").asInt()).isEqualTo(60);
        assertThat(all.err()).contains("measuring 60 rows");
        Run some = Run.of("eval", "--json", "--data", data, "--max-new-tokens", 4, "--problems", 2);
        assertThat(some.json().path("problems").asInt()).isEqualTo(2);
        assertThat(some.err()).doesNotContain("measuring");
        assertThat(Run.of("eval", "--data", data, "--problems", 61).failure(ExitCode.FAILED))
                .contains("has 60 evaluation problems, asked for 61");
    }

    @Test
    @DisplayName("sft resumes to the bits of the whole run, from any folder, and refuses what it cannot write or learn")
    void sft() throws IOException {
        Path data = rows("good", "{\"prompt\": \"7 7 7 = 7\\n\", \"completion\": \"1\"}");
        Path out = folder.resolve("run");
        Object[] start = {"sft", "--data", data, "--steps", 4, "--batch-size", 2, "--set", "save_steps=2", "--out", out
        };
        Run whole = Run.of(start);
        assertThat(whole.code()).as(whole.err()).isZero();
        byte[] weights = Files.readAllBytes(out.resolve("model.safetensors"));
        assertThat(Json.read(out.resolve("run.json")).path("loss").isNumber()).isTrue();
        assertThat(Run.of(start).failure(ExitCode.FAILED))
                .contains("exists already")
                .contains("--resume");
        Files.delete(out.resolve("model.safetensors"));
        Files.move(out.resolve("checkpoint-4"), folder.resolve("removed"));
        Run resumed = Run.of("sft", "--resume", "--out", out);
        assertThat(resumed.code()).as(resumed.err()).isZero();
        assertThat(Files.readAllBytes(out.resolve("model.safetensors"))).isEqualTo(weights);
        assertThat(Run.of("rl", "--resume", "--out", out).code()).isEqualTo(ExitCode.FAILED);
        assertThat(Run.of("sft", "--resume").code()).isEqualTo(ExitCode.USAGE);

        Path file = Files.writeString(folder.resolve("file"), "");
        Run below = Run.of("sft", "--data", data, "--steps", 1, "--out", file.resolve("tuned"));
        assertThat(below.failure(ExitCode.FAILED))
                .contains("cannot make the run folder")
                .contains("is not a folder");
        Path longRow = rows("long", "{\"prompt\": \"" + "7 ".repeat(600) + "\", \"completion\": \"1\"}");
        Run tooLong = Run.of("sft", "--data", longRow, "--steps", 1, "--out", folder.resolve("long"));
        assertThat(tooLong.code()).isEqualTo(ExitCode.FAILED);
        assertThat(tooLong.err()).contains("row 31");
        Run skipping = Run.of(
                "sft",
                "--data",
                longRow,
                "--steps",
                1,
                "--batch-size",
                2,
                "--skip-bad-rows",
                "--out",
                folder.resolve("l"));
        assertThat(skipping.code()).as(skipping.err()).isZero();
        assertThat(skipping.err()).contains("1 of 60 rows are left out");
    }
}
