// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.serve.http.Access;
import dev.jacobian.serve.http.ApiKey;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Generator;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** OpenAI's own client for Node (npm {@code openai}, at the version of the lock file) against the server. */
@Timeout(300)
class OpenAiClientTest {
    private static final String KEY = "the-key-of-this-test-server";
    private static final Path FOLDER = Path.of("target", "openai-client").toAbsolutePath();

    @TempDir
    Path folder;

    @BeforeAll
    static void install() throws Exception {
        Files.createDirectories(FOLDER);
        for (String name : List.of("package.json", "package-lock.json", "client.mjs", "tools.mjs")) {
            try (InputStream in = OpenAiClientTest.class.getResourceAsStream("npm/" + name)) {
                Files.copy(in, FOLDER.resolve(name), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        assumeTrue(has("node") && has("npm"), "skipped: node and npm are needed for OpenAI's client");
        if (!Files.exists(FOLDER.resolve("node_modules/openai/package.json"))) {
            Answer npm = run(List.of("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"));
            assumeTrue(npm.code() == 0, "skipped: npm cannot fetch OpenAI's client: " + npm.output());
        }
    }

    private record Answer(int code, String output) {}

    private static boolean has(String program) {
        try {
            return run(List.of(program, "--version")).code() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static Answer run(List<String> command) throws IOException, InterruptedException {
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(FOLDER.toFile()).redirectErrorStream(true);
        builder.environment().put("KEY", KEY);
        builder.environment().remove("OPENAI_BASE_URL");
        Process process = builder.start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(200, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
        return new Answer(process.waitFor(), output);
    }

    private static JsonNode script(String name, Served served) throws Exception {
        List<String> command = new ArrayList<>(List.of("node", name));
        command.add("http://127.0.0.1:" + served.address().getPort() + "/v1");
        command.add(Served.NAME);
        Answer answer = run(command);
        assertThat(answer.code()).as(answer.output()).isZero();
        return Json.parse(answer.output(), name);
    }

    private Served withKey(UnaryOperator<ModelServer.Builder> options) throws IOException {
        Access access = new Access(Optional.of(ApiKey.of(KEY)), List.of());
        return Served.roomy(folder, builder -> options.apply(builder.access(access)));
    }

    @Test
    void chatStreamsCompletionsAndErrors() throws Exception {
        try (Served served = withKey(builder -> builder)) {
            Generation expected = new Generator(served.model)
                    .generate(List.of(served.prompt("Hello")), 1, GenerationConfig.sampling(12, 1f, 1))
                    .getFirst()
                    .getFirst();
            String text = served.model.tokenizer().decode(expected.tokenIds(), true);
            JsonNode result = script("client.mjs", served);
            assertThat(result.get("models").toString()).isEqualTo("[\"tiny\"]");
            assertThat(result.get("retrieved").textValue()).isEqualTo("tiny");
            assertThat(result.get("chat").textValue()).isEqualTo(text);
            assertThat(result.get("streamed").textValue()).isEqualTo(text);
            assertThat(result.get("helper").textValue()).isEqualTo(text);
            assertThat(result.get("streamedUsage")).isEqualTo(result.get("usage"));
            assertThat(result.get("completionTokens").intValue()).isBetween(1, 5);
            assertThat(Served.ints(result.get("logprobs"))).containsOnly(3);
            assertThat(result.get("parsed").get("ok").isBoolean()).isTrue();
            assertThat(result.get("aborted").booleanValue()).isTrue();
            Generation greedy = new Generator(served.model)
                    .generate(List.of(served.prompt("Hello")), 1, GenerationConfig.greedy(12))
                    .getFirst()
                    .getFirst();
            String answer = served.model.tokenizer().decode(greedy.tokenIds(), true);
            assertThat(result.get("response").textValue()).isEqualTo(answer);
            assertThat(result.get("responseStreamed").textValue()).isEqualTo(answer);
            assertThat(result.at("/responseUsage/output_tokens").intValue()).isEqualTo(greedy.tokenIds().length);
            assertThat(result.get("responseStatus").toString())
                    .isEqualTo("[\"incomplete\",\"incomplete\",\"max_output_tokens\"]");
            assertThat(result.get("responseEvents").toString())
                    .startsWith("[\"response.created\",\"response.in_progress\",\"response.output_item.added\","
                            + "\"response.content_part.added\",\"response.output_text.delta\"")
                    .endsWith("\"response.output_text.done\",\"response.content_part.done\","
                            + "\"response.output_item.done\",\"response.incomplete\"]");
            assertThat(result.get("responseNext").intValue()).isGreaterThan(served.prompt("Hello").length + 12);
            assertThat(result.at("/responseParsed/ok").isBoolean()).isTrue();
            JsonNode errors = result.get("errors");
            assertThat(errors.get("field").toString())
                    .isEqualTo(
                            "{\"kind\":\"BadRequestError\",\"status\":400,\"param\":\"tempreature\",\"code\":null,\"id\":true}");
            assertThat(errors.at("/model/kind").textValue()).isEqualTo("NotFoundError");
            assertThat(errors.at("/model/code").textValue()).isEqualTo("model_not_found");
            assertThat(errors.at("/key/kind").textValue()).isEqualTo("AuthenticationError");
            assertThat(errors.at("/route/kind").textValue()).isEqualTo("NotFoundError");
        }
    }

    @Test
    void tools() throws Exception {
        try (Served served =
                withKey(Served.saying("<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 2}}\n</tool_call>"))) {
            JsonNode result = script("tools.mjs", served);
            assertThat(result.get("finish").textValue()).isEqualTo("tool_calls");
            assertThat(result.at("/call/name").textValue()).isEqualTo("add");
            assertThat(result.at("/call/arguments").textValue()).isEqualTo("{\"a\":2}");
            assertThat(result.at("/streamed/arguments").textValue()).isEqualTo("{\"a\":2}");
        }
    }
}
