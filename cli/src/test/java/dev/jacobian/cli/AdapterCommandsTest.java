// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.safetensors.SafetensorsFile;
import dev.jacobian.testing.Bits;
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
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every command that takes an adapter, against PEFT's numbers and against the merged model. */
class AdapterCommandsTest {
    private static final Path TRAINING = TestPaths.testdata("training");
    private static final Path LORA = TRAINING.resolve("peft-logits-lora");

    @TempDir
    Path folder;

    private static Path base(Path golden) {
        try {
            return TRAINING.resolve("models")
                    .resolve(Files.readString(golden.resolve("model")).strip());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static Path adapter(Path golden) {
        return golden.resolve("adapter");
    }

    /** The golden case's sequences without their padding. */
    private Path ids(SafetensorsFile golden) throws IOException {
        int[] ids = golden.read("input_ids").ints();
        int[] mask = golden.read("attention_mask").ints();
        int length = golden.info("input_ids").extents().getLast().intValue();
        ArrayNode rows = Json.object().putArray("ids");
        for (int at = 0; at < ids.length; at += length) {
            ArrayNode row = rows.addArray();
            for (int t = at; t < at + length; t++) {
                if (mask[t] == 1) {
                    row.add(ids[t]);
                }
            }
        }
        return Files.writeString(folder.resolve("ids.json"), rows.toString());
    }

    private Path merged(Path golden, Object... more) {
        Path out = folder.resolve("merged");
        List<Object> arguments =
                new ArrayList<>(List.of("merge", "--model", base(golden), "--adapter", adapter(golden), "--out", out));
        arguments.addAll(List.of(more));
        JsonNode report = Run.of(with(arguments, "--json")).json();
        assertThat(report.get("modules").intValue()).isPositive();
        assertThat(report.get("out").textValue()).isEqualTo(out.toString());
        return out;
    }

    private static Object[] with(List<Object> arguments, Object... more) {
        List<Object> all = new ArrayList<>(arguments);
        all.addAll(List.of(more));
        return all.toArray();
    }

    @ParameterizedTest
    @ValueSource(strings = {"lora", "dora", "embed-lmhead", "modules_to_save", "bias-all", "rank-pattern"})
    @DisplayName("logits --adapter gives PEFT's logits, and so does logits of what merge wrote")
    void logitsAndMerge(String name) throws IOException {
        Path golden = TRAINING.resolve("peft-logits-" + name);
        JsonNode oracle = Json.read(golden.resolve("logits.json"));
        double tolerance = 4 * oracle.get("noise_adapter_vs_float64").doubleValue();
        Path with = folder.resolve("with.safetensors");
        Path after = folder.resolve("after.safetensors");
        try (SafetensorsFile numbers = SafetensorsFile.open(golden.resolve("logits.safetensors"))) {
            Path ids = ids(numbers);
            Object[] rest = {"--input-ids", ids};
            Run.of(with(List.of("logits", "--model", base(golden), "--adapter", adapter(golden), "--out", with), rest))
                    .result();
            Run.of(with(List.of("logits", "--model", merged(golden), "--out", after), rest))
                    .result();
            double merging = tolerance + 4 * oracle.get("adapter_vs_merged").doubleValue();
            try (SafetensorsFile own = SafetensorsFile.open(with);
                    SafetensorsFile ownAfter = SafetensorsFile.open(after)) {
                for (int b = 0; b < own.names().size(); b++) {
                    float[] actual = own.read("logits." + b).toFloatArray();
                    int length = own.info("logits." + b).extents().getFirst().intValue();
                    float[] expected = numbers.read("adapter_logits")
                            .select(0, b)
                            .slice(0, 0, length)
                            .toFloatArray();
                    Bits.assertClose("row " + b, actual, expected, tolerance);
                    Bits.assertClose(
                            "merged, row " + b, ownAfter.read("logits." + b).toFloatArray(), actual, merging);
                }
            }
        }
    }

    @Test
    @DisplayName("merge --dtype stores in that type; a folder that is there and a base of another shape are refused")
    void merging() {
        Path out = merged(LORA, "--dtype", "BF16");
        try (SafetensorsFile file = SafetensorsFile.open(out.resolve("model.safetensors"))) {
            assertThat(file.infos()).allMatch(info -> info.type().name().equals("BF16"));
            assertThat(file.names()).noneMatch(name -> name.contains("lora"));
        }
        Object[] again = {"merge", "--model", base(LORA), "--adapter", adapter(LORA), "--out", out};
        assertThat(Run.of(again).failure(ExitCode.FAILED)).contains("exists already");
        Object[] other = {
            "merge",
            "--model",
            TRAINING.resolve("models").resolve("arith-qwen3"),
            "--adapter",
            adapter(LORA),
            "--out",
            folder.resolve("other")
        };
        assertThat(Run.of(other).failure(ExitCode.FAILED)).contains("adapter_model.safetensors", "shape");
        assertThat(folder.resolve("other")).doesNotExist();
    }

    @Test
    @DisplayName("inspect says what an adapter changes and which model it is of")
    void inspect() {
        String lines =
                Run.of("inspect", adapter(TRAINING.resolve("peft-logits-dora"))).result();
        assertThat(lines).contains("DoRA of rank 4, alpha 8", "tiny-llama", "modules, such as");
        JsonNode json = Run.of("inspect", adapter(LORA), "--json").json();
        assertThat(json.get("r").intValue()).isEqualTo(4);
        assertThat(json.get("use_dora").booleanValue()).isFalse();
        assertThat(json.get("modules"))
                .extracting(JsonNode::textValue)
                .contains("model.layers.0.self_attn.q_proj")
                .noneMatch(name -> name.contains("o_proj"));
        assertThat(json.get("parameters").longValue()).isPositive();
    }

    @Test
    @DisplayName("generate --adapter and eval --adapter answer as the merged model does")
    void generateAndEval() throws IOException {
        Path golden = TRAINING.resolve("peft-logits-rslora-qwen");
        Path merged = merged(golden);
        List<Object> generate =
                List.of("generate", "--prompt", "12+34=", "--greedy", "--max-new-tokens", 16, "--json", "--ignore-eos");
        JsonNode with = Run.of(with(generate, "--model", base(golden), "--adapter", adapter(golden)))
                .json();
        JsonNode after = Run.of(with(generate, "--model", merged)).json();
        JsonNode plain = Run.of(with(generate, "--model", base(golden))).json();
        assertThat(with.get("token_ids")).isEqualTo(after.get("token_ids"));
        assertThat(with.get("logprobs")).isNotEqualTo(plain.get("logprobs"));

        Path data = Files.writeString(
                folder.resolve("data.jsonl"),
                "{\"prompt\": \"1+2=\", \"answer\": \"3\"}\n{\"prompt\": \"4+4=\", \"answer\": \"8\"}\n");
        List<Object> eval = List.of("eval", "--data", data, "--max-new-tokens", 6, "--greedy", "--json");
        ObjectNode own = measured(with(eval, "--model", base(golden), "--adapter", adapter(golden)));
        assertThat(own).isEqualTo(measured(with(eval, "--model", merged)));
        assertThat(Run.of(with(eval, "--model", base(golden), "--adapter", golden))
                        .failure(ExitCode.FAILED))
                .contains("adapter_config.json", "--adapter takes the folder");
    }

    /** What an evaluation reports, but for what depends on the machine and the name of the model. */
    private static ObjectNode measured(Object[] command) {
        ObjectNode report = (ObjectNode) Run.of(command).json();
        report.remove(List.of("model", "seconds", "tokens_per_second", "peak_memory_bytes", "adapter", "entropy"));
        ((ObjectNode) report.get("intervals")).remove("entropy");
        return report;
    }

    @Test
    @Timeout(120)
    @DisplayName("serve --adapter gives the tokens of generate --adapter")
    void serve() throws Exception {
        Object[] generate = {
            "generate",
            "--model",
            base(LORA),
            "--adapter",
            adapter(LORA),
            "--prompt",
            "Snow is",
            "--greedy",
            "--max-new-tokens",
            9,
            "--json"
        };
        JsonNode expected = Run.of(generate).json();
        try (PipedInputStream in = new PipedInputStream();
                PrintStream out = new PrintStream(new PipedOutputStream(in), true, StandardCharsets.UTF_8)) {
            String[] command = {
                "serve",
                "--model",
                base(LORA).toString(),
                "--adapter",
                adapter(LORA).toString(),
                "--port",
                "0",
                "--json",
                "--name",
                "it",
                "--grace",
                "0"
            };
            CompletableFuture<Integer> code = new CompletableFuture<>();
            PrintStream silent = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
            Thread server = Thread.ofPlatform()
                    .start(() -> code.complete(Cli.run(command, InputStream.nullInputStream(), out, silent)));
            JsonNode started = Json.parse(
                    new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)).readLine(), "first line");
            HttpURLConnection request =
                    (HttpURLConnection) URI.create(started.get("url").textValue() + "/v1/completions")
                            .toURL()
                            .openConnection();
            request.setRequestProperty("Content-Type", "application/json");
            request.setDoOutput(true);
            try (OutputStream body = request.getOutputStream()) {
                body.write(("{\"model\":\"it\",\"max_tokens\":9,\"temperature\":0,\"return_token_ids\":true,"
                                + "\"prompt\":\"Snow is\"}")
                        .getBytes(StandardCharsets.UTF_8));
            }
            String answer = new String(request.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(Json.parse(answer, "answer").at("/choices/0/token_ids")).isEqualTo(expected.get("token_ids"));
            server.interrupt();
            assertThat(code.get()).isZero();
        }
    }

    @Test
    @DisplayName(
            "peft_config beside an adapter that is trained on: the same settings are fine, others an error that names"
                    + " one")
    void continued() throws IOException {
        Path data = Files.writeString(folder.resolve("data.jsonl"), "{\"text\": \"Snow is white.\"}\n".repeat(4));
        Path same = Files.writeString(
                folder.resolve("same.json"),
                "{\"peft_config\": {\"target_modules\": [\"v_proj\", \"q_proj\"], \"r\": 4, \"lora_alpha\": 8.0}}");
        Path other = Files.writeString(folder.resolve("other.json"), "{\"peft_config\": {\"r\": 8}}");
        List<Object> sft = List.of("sft", "--model", base(LORA), "--adapter", adapter(LORA), "--data", data);
        Path out = folder.resolve("out");
        Run.of(with(sft, "--config", same, "--steps", 1, "--out", out)).result();
        assertThat(out.resolve("adapter_model.safetensors")).exists();
        Run refused = Run.of(with(sft, "--config", other, "--out", folder.resolve("never")));
        assertThat(refused.code()).isEqualTo(ExitCode.FAILED);
        assertThat(refused.err()).contains("'peft_config' has r = 8", "has 4", "keeps its own settings");
    }
}
