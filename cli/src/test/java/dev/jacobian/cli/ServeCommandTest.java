// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.loop.AdamParams;
import dev.jacobian.rl.loop.Datum;
import dev.jacobian.rl.remote.LoraOptions;
import dev.jacobian.rl.remote.ServiceClient;
import dev.jacobian.rl.remote.TrainingClient;
import dev.jacobian.testing.TestPaths;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code serve}: its options, and that it serves until it is told to end. */
@Timeout(120)
class ServeCommandTest {
    private static final Path MODEL = TestPaths.model("qwen3");

    @TempDir
    Path folder;

    @Test
    void servesWhatGenerateGives() throws Exception {
        Path key = Files.writeString(folder.resolve("key"), "a-key-for-this-test\n");
        JsonNode expected = Run.of(
                        "generate", "--model", MODEL, "--message", "Hi", "--json", "--seed", 4, "--max-new-tokens", 9)
                .json();
        try (PipedInputStream in = new PipedInputStream();
                PrintStream out = new PrintStream(new PipedOutputStream(in), true, StandardCharsets.UTF_8)) {
            String[] args = {
                "serve",
                "--model",
                MODEL.toString(),
                "--port",
                "0",
                "--json",
                "--name",
                "it",
                "--grace",
                "0",
                "--api-key-file",
                key.toString(),
                "--seed",
                "4"
            };
            CompletableFuture<Integer> code = new CompletableFuture<>();
            PrintStream silent = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
            Thread server = Thread.ofPlatform()
                    .start(() -> code.complete(Cli.run(args, InputStream.nullInputStream(), out, silent)));
            JsonNode started = Json.parse(
                    new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)).readLine(), "first line");
            assertThat(started.get("model").textValue()).isEqualTo("it");
            URI address = URI.create(started.get("url").textValue() + "/v1/chat/completions");
            assertThat(ask(address, "Bearer another-key-than-that").getResponseCode())
                    .isEqualTo(401);
            // --seed is the first request's, and generation_config.json counts in both commands
            HttpURLConnection answered = ask(address, "Bearer a-key-for-this-test");
            JsonNode answer =
                    Json.parse(new String(answered.getInputStream().readAllBytes(), StandardCharsets.UTF_8), "answer");
            assertThat(answer.at("/choices/0/token_ids")).isEqualTo(expected.get("token_ids"));
            server.interrupt();
            assertThat(code.get()).isZero();
        }
    }

    private static HttpURLConnection ask(URI address, String authorization) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) address.toURL().openConnection();
        connection.setRequestProperty("Content-Type", "application/json");
        connection.setRequestProperty("Authorization", authorization);
        connection.setDoOutput(true);
        String body = "{\"model\":\"it\",\"max_tokens\":9,\"return_token_ids\":true,"
                + "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}";
        try (OutputStream out = connection.getOutputStream()) {
            out.write(body.getBytes(StandardCharsets.UTF_8));
        }
        return connection;
    }

    @Test
    void clientsTrainWhatIsServed() throws Exception {
        try (PipedInputStream in = new PipedInputStream();
                PrintStream out = new PrintStream(new PipedOutputStream(in), true, StandardCharsets.UTF_8)) {
            Path saved = folder.resolve("saved");
            String[] args = {
                "serve",
                "--model",
                MODEL.toString(),
                "--port",
                "0",
                "--json",
                "--name",
                "it",
                "--grace",
                "0",
                "--train",
                "--checkpoints",
                saved.toString()
            };
            CompletableFuture<Integer> code = new CompletableFuture<>();
            PrintStream silent = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
            Thread server = Thread.ofPlatform()
                    .start(() -> code.complete(Cli.run(args, InputStream.nullInputStream(), out, silent)));
            JsonNode started = Json.parse(
                    new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)).readLine(), "first line");
            try (ServiceClient client =
                    new ServiceClient(URI.create(started.get("url").textValue()), Optional.empty())) {
                assertThat(client.supportedModels()).containsExactly("it");
                TrainingClient model = client.createLoraTrainingClient("it", LoraOptions.ofRank(2));
                Datum datum = Datum.of(new int[] {5, 6}, new int[] {7, 8, 9});
                double first = model.forwardBackward(List.of(datum), "cross_entropy")
                        .join()
                        .loss();
                model.optimStep(AdamParams.DEFAULT.withLearningRate(0.002)).join();
                double second = model.forwardBackward(List.of(datum), "cross_entropy")
                        .join()
                        .loss();
                assertThat(second).isLessThan(first);
                model.optimStep(AdamParams.DEFAULT).join();
                String path = model.saveState("one").join();
                Path state = saved.resolve(path.substring("tinker://".length())).resolve("state");
                assertThat(Run.of(
                                        "logits",
                                        "--model",
                                        MODEL,
                                        "--adapter",
                                        state,
                                        "--input-ids",
                                        Files.writeString(folder.resolve("ids.json"), "[[5,6,7]]"),
                                        "--out",
                                        folder.resolve("logits.safetensors"))
                                .code())
                        .as("what is saved is an adapter in PEFT's form")
                        .isZero();
            }
            server.interrupt();
            assertThat(code.get()).isZero();
        }
    }

    @Test
    void optionsOfTrainingNeedTraining() {
        assertThat(Run.of("serve", "--model", MODEL, "--max-models", 2).failure(ExitCode.USAGE))
                .contains("--train");
        assertThat(Run.of("serve", "--model", MODEL, "--train", "--max-models", 0)
                        .failure(ExitCode.USAGE))
                .contains("must be positive");
    }

    @Test
    void whatOthersCanReachNeedsAKey() throws Exception {
        assertThat(Run.of("serve", "--model", MODEL, "--host", "0.0.0.0", "--port", 0)
                        .failure(ExitCode.USAGE))
                .contains("--api-key-file FILE");
        Path key = Files.writeString(folder.resolve("key"), "short");
        assertThat(Run.of("serve", "--model", MODEL, "--api-key-file", key).failure(ExitCode.FAILED))
                .contains("16 or more")
                .doesNotContain("short");
    }

    @Test
    void wrongOptionsAreToldAtOnce() throws Exception {
        Path file = Files.writeString(folder.resolve("mine.json"), "{\"tempreature\": 0.5}");
        assertThat(Run.of("serve", "--model", MODEL, "--generation-config", file)
                        .failure(ExitCode.FAILED))
                .contains("mine.json", "tempreature");
        assertThat(Run.of("serve", "--model", MODEL, "--port", 70000).failure(ExitCode.USAGE))
                .contains("65535");
        assertThat(Run.of("serve", "--model", MODEL, "--temperature", -1).failure(ExitCode.USAGE))
                .contains("temperature");
    }
}
