// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.training;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.loop.Datum;
import dev.jacobian.rl.remote.ServiceClient;
import dev.jacobian.serve.ModelServer;
import dev.jacobian.serve.http.Access;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.lora.AdapterSource;
import dev.jacobian.transformer.lora.LoraConfig;
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
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;

/** A training service over a small model, and requests to it. */
final class Service implements AutoCloseable {
    static final String NAME = "tiny";

    final CausalLM base;
    final ModelServer server;
    final Hands clock = new Hands();
    private final HttpClient client = HttpClient.newHttpClient();

    /** A clock that goes when it is told to. */
    static final class Hands extends Clock {
        private volatile Instant now = Instant.parse("2026-01-01T00:00:00Z");

        void pass(Duration time) {
            now = now.plus(time);
        }

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }
    }

    Service(Path checkpoints) {
        this(checkpoints, config -> config);
    }

    Service(Path checkpoints, Access access) {
        this(checkpoints, config -> config, access);
    }

    Service(Path checkpoints, UnaryOperator<TrainingConfig> config) {
        this(checkpoints, config, Access.local());
    }

    private Service(Path checkpoints, UnaryOperator<TrainingConfig> config, Access access) {
        base = base();
        try {
            server = ModelServer.of(base.withoutAdapter(), NAME)
                    .training(base, config.apply(TrainingConfig.in(checkpoints)))
                    .clock(clock)
                    .access(access)
                    .start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A model whose weights stay as they are. */
    static CausalLM base() {
        return CausalLM.load(
                TestPaths.model("qwen3"), ModelOptions.DEFAULT, new AdapterSource.Fresh(LoraConfig.allLinear(1, 1), 0));
    }

    URI uri() {
        return URI.create("http://127.0.0.1:" + server.address().getPort());
    }

    ServiceClient connect() {
        return new ServiceClient(uri(), Optional.empty());
    }

    /** Data to imitate: every token has a target, as the protocol has it. */
    static List<Datum> data(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        return List.of(datum(random, 7), datum(random, 4), datum(random, 9));
    }

    private static Datum datum(SplittableRandom random, int length) {
        int[] all = random.ints(length + 1L, 0, 200).toArray();
        float[] weights = new float[length];
        for (int t = 0; t < length; t++) {
            weights[t] = t < 2 ? 0f : 1f;
        }
        return new Datum(
                Arrays.copyOf(all, length), Arrays.copyOfRange(all, 1, length + 1), Map.of("weights", weights));
    }

    HttpResponse<byte[]> send(String method, String path, String type, byte[] body, String... headers)
            throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri().resolve("/api/v1/" + path))
                .header("Content-Type", type)
                .method(method, BodyPublishers.ofByteArray(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), BodyHandlers.ofByteArray());
    }

    JsonNode post(String path, String body, int status) throws Exception {
        HttpResponse<byte[]> response = send("POST", path, "application/json", body.getBytes());
        assertThat(response.statusCode()).as(new String(response.body())).isEqualTo(status);
        return Json.parse(response.body(), path);
    }

    JsonNode post(String path, String body) throws Exception {
        return post(path, body, 200);
    }

    JsonNode get(String path) throws Exception {
        HttpResponse<byte[]> response = client.send(
                HttpRequest.newBuilder(uri().resolve("/api/v1/" + path)).build(), BodyHandlers.ofByteArray());
        assertThat(response.statusCode()).as(new String(response.body())).isEqualTo(200);
        return Json.parse(response.body(), path);
    }

    /** The result of what was promised. */
    JsonNode result(JsonNode promise) throws Exception {
        JsonNode answer = promise;
        do {
            answer = post(
                    "retrieve_future",
                    "{\"request_id\":\"" + promise.get("request_id").asText() + "\"}");
        } while (answer.path("type").asText().equals("try_again"));
        return answer;
    }

    @Override
    public void close() {
        server.close();
        client.close();
    }
}
