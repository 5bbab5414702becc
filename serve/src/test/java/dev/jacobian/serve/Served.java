// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.serve.http.WebLimits;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.processor.LogitsProcessor;
import dev.jacobian.transformer.generation.processor.TokenHistory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;

/** A small model behind a server, and requests to it. Its answers are noise, unless a script says what they are. */
final class Served implements AutoCloseable {
    static final String NAME = "tiny";

    final CausalLM model;
    final ModelServer server;
    private final HttpClient client = HttpClient.newHttpClient();

    private Served(CausalLM model, UnaryOperator<ModelServer.Builder> options) {
        this.model = model;
        try {
            this.server = options.apply(ModelServer.of(model, NAME))
                    .start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The model of test data with ChatML tokens and Qwen's template; 128 positions. */
    static Served with(UnaryOperator<ModelServer.Builder> options) {
        return new Served(CausalLM.load(TestPaths.model("qwen3")), options);
    }

    /** The same with positions enough for a request that does not end while a test lasts. */
    static Served endless(Path folder) throws IOException {
        WebLimits limits = WebLimits.DEFAULT.withBeat(Duration.ofMillis(200));
        return roomy(folder, builder -> builder.maxTokens(1_000_000).limits(limits));
    }

    /** The same with a million positions. */
    static Served roomy(Path folder, UnaryOperator<ModelServer.Builder> options) throws IOException {
        Path copy = TestPaths.copyModel("qwen3", folder);
        Path config = copy.resolve("config.json");
        ObjectNode json = (ObjectNode) Json.read(config);
        Files.writeString(config, Json.pretty(json.put("max_position_embeddings", 1_000_000)));
        return new Served(CausalLM.load(copy), options);
    }

    /** Makes every answer the same text. */
    static UnaryOperator<ModelServer.Builder> saying(String text) {
        CausalLM model = CausalLM.load(TestPaths.model("qwen3"));
        int[] script = model.tokenizer().encode(text + "<|im_end|>", false);
        return builder -> builder.defaults(() -> GenerationConfig.builder().processor(new Script(script)));
    }

    /** Allows one token at each step. */
    private record Script(int[] tokens) implements LogitsProcessor {
        @Override
        public void process(TokenHistory history, float[] logits) {
            int wanted = tokens[Math.min(history.newTokens(), tokens.length - 1)];
            for (int i = 0; i < logits.length; i++) {
                logits[i] = i == wanted ? logits[i] : Float.NEGATIVE_INFINITY;
            }
        }
    }

    InetSocketAddress address() {
        return server.address();
    }

    HttpRequest.Builder to(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + address().getPort() + path));
    }

    HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(to(path).build(), BodyHandlers.ofString());
    }

    HttpResponse<String> post(String path, String body) throws IOException, InterruptedException {
        HttpRequest request = to(path).header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body))
                .build();
        return client.send(request, BodyHandlers.ofString());
    }

    /** A chat request with one message and some more fields. */
    static String chat(String message, String fields) {
        return "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"" + message + "\"}]"
                + (fields.isEmpty() ? "" : "," + fields) + "}";
    }

    /** A completion request. */
    static String completion(String prompt, String fields) {
        return "{\"model\":\"tiny\",\"prompt\":" + prompt + (fields.isEmpty() ? "" : "," + fields) + "}";
    }

    JsonNode ok(String path, String body) throws IOException, InterruptedException {
        HttpResponse<String> response = post(path, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return Json.parse(response.body(), "response");
    }

    JsonNode answer(String message, String fields) throws IOException, InterruptedException {
        return ok("/v1/chat/completions", chat(message, fields));
    }

    JsonNode complete(String prompt, String fields) throws IOException, InterruptedException {
        return ok("/v1/completions", completion(prompt, fields));
    }

    /** The events of a streamed response, which ends as it must. */
    List<JsonNode> events(String path, String body) throws IOException, InterruptedException {
        HttpResponse<String> response = post(path, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(response.headers().firstValue("Content-Type")).contains("text/event-stream");
        assertThat(response.body()).endsWith("\n\ndata: [DONE]\n\n");
        List<JsonNode> events = new ArrayList<>();
        for (String event : response.body().split("\n\n")) {
            if (!event.equals("data: [DONE]") && !event.startsWith(":")) {
                assertThat(event).startsWith("data: ").doesNotContain("\n");
                events.add(Json.parse(event.substring(6), "event"));
            }
        }
        return events;
    }

    /** The error of a request that is refused. */
    JsonNode refused(String path, String body, int status) throws IOException, InterruptedException {
        HttpResponse<String> response = post(path, body);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        return Json.parse(response.body(), "response").get("error");
    }

    static int[] ints(JsonNode array) {
        return array.valueStream().mapToInt(JsonNode::intValue).toArray();
    }

    /** The ids of the prompt that a chat message becomes. */
    int[] prompt(String message) {
        return model.tokenizer().encode("<|im_start|>user\n" + message + "<|im_end|>\n<|im_start|>assistant\n", false);
    }

    /** A text's tokens. */
    int[] encode(String text) {
        int[] tokens = model.tokenizer().encode(text, false);
        return Arrays.copyOf(tokens, tokens.length);
    }

    @Override
    public void close() {
        server.close();
        client.close();
    }
}
