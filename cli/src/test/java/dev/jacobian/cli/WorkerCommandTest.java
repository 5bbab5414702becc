// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.testing.TestPaths;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code worker} and {@code rl --workers}. */
@Timeout(300)
class WorkerCommandTest {
    private static final Path MODEL = TestPaths.model("arith-qwen3");

    @TempDir
    Path folder;

    private Run train(String out, Object... more) {
        Object[] common = {
            "rl",
            "--model",
            MODEL,
            "--task",
            "addition",
            "--steps",
            2,
            "--prompts",
            2,
            "--group-size",
            4,
            "--json",
            "--set",
            "max_completion_length=4",
            "--set",
            "eval_problems=1",
            "--set",
            "final_eval_problems=1",
            "--out",
            folder.resolve(out)
        };
        Object[] all = Stream.concat(Arrays.stream(common), Arrays.stream(more)).toArray();
        return Run.of(all);
    }

    @Test
    @DisplayName("a run with a worker writes the model that a run without writes, and says what the worker did")
    void sameModel() throws Exception {
        Path secret = Files.writeString(folder.resolve("secret"), "a secret for this test\n");
        try (PipedInputStream in = new PipedInputStream();
                PrintStream out = new PrintStream(new PipedOutputStream(in), true, StandardCharsets.UTF_8)) {
            String[] args = {
                "worker",
                "--listen",
                "127.0.0.1:0",
                "--json",
                "--secret-file",
                secret.toString(),
                "--scratch",
                folder.toString()
            };
            CompletableFuture<Integer> code = new CompletableFuture<>();
            PrintStream silent = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
            Thread worker = Thread.ofPlatform()
                    .start(() -> code.complete(Cli.run(args, InputStream.nullInputStream(), out, silent)));
            JsonNode started = Json.parse(
                    new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)).readLine(), "first line");
            String url = started.get("url").textValue();
            train("with", "--workers", url, "--secret-file", secret).json();
            train("without").json();
            assertThat(folder.resolve("with/model.safetensors"))
                    .hasSameBinaryContentAs(folder.resolve("without/model.safetensors"));
            assertThat(Files.readString(folder.resolve("with/metrics.jsonl"))).contains("\"worker/live\":1.0");
            assertThat(Files.readString(folder.resolve("with/report.html")))
                    .contains("worker/tokens_per_second", "\"address\":\"" + url);
            worker.interrupt();
            assertThat(code.get()).isZero();
        }
    }

    @Test
    @DisplayName("what makes no sense is said before anything begins, and leaves no folder")
    void errors() throws Exception {
        assertThat(Run.of("worker", "--listen", "7070").failure(ExitCode.USAGE)).contains("HOST:PORT");
        assertThat(Run.of("worker", "--listen", "0.0.0.0:0").failure(ExitCode.USAGE))
                .contains("--secret-file");
        assertThat(Run.of("worker", "--key-store", "k").failure(ExitCode.USAGE)).contains("go together");
        assertThat(Run.of("worker", "--scratch", folder.resolve("none")).failure(ExitCode.USAGE))
                .contains("--scratch", "none");
        Path secret = Files.writeString(folder.resolve("short"), "short");
        assertThat(Run.of("worker", "--secret-file", secret).failure(ExitCode.FAILED))
                .contains(secret.toString())
                .contains("16 or more");
        assertThat(train("a", "--secret-file", secret).failure(ExitCode.USAGE)).contains("--workers");
        assertThat(train("b", "--workers", "http://127.0.0.1:1", "--worker-timeout", 5)
                        .failureBehindNotes())
                .contains("no worker answers: http://127.0.0.1:1");
        assertThat(folder.resolve("b/run.json")).doesNotExist();
        for (String address : List.of("127.0.0.1:7070", "http://127.0.0.1", "http://127.0.0.1:1/path")) {
            assertThat(train("c", "--workers", address).failureBehindNotes())
                    .contains("http://HOST:PORT", "'" + address + "'");
        }
        assertThat(folder.resolve("c/run.json")).doesNotExist();
    }
}
