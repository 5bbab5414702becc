// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.remote;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.Printable;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;

/**
 * Requests to a training service. What may pass (a lost connection, 408, 429, 5xx) is asked again with growing pauses for five minutes: the
 * service knows a request that comes twice by its number.
 */
final class Wire {
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    private static final Duration ONE_REQUEST = Duration.ofSeconds(60);
    private static final int MAX_BODY = 1 << 30;
    private static final int EXCERPT = 500;

    private final URI base;
    private final Optional<String> key;
    private final Duration patience;
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();

    /** @param base the address before {@code /api/v1} */
    Wire(URI base, Optional<String> key) {
        this(base, key, PATIENCE);
    }

    Wire(URI base, Optional<String> key, Duration patience) {
        if (base.getHost() == null || !"http https".contains(String.valueOf(base.getScheme()))) {
            throw new IllegalArgumentException(
                    "the address of a training service is such as http://127.0.0.1:8000, found '" + base + "'");
        }
        String text = base.toString();
        this.base = URI.create(text.endsWith("/") ? text : text + "/");
        this.key = key;
        this.patience = patience;
    }

    JsonNode post(String path, ObjectNode body) {
        byte[] bytes = Json.compact(body).getBytes(StandardCharsets.UTF_8);
        return send(
                path,
                builder -> builder.header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofByteArray(bytes)));
    }

    JsonNode get(String path) {
        return send(path, HttpRequest.Builder::GET);
    }

    /** The result of what was promised, waited for as long as the service works on it. */
    JsonNode result(JsonNode promise) {
        String id = promise.path("request_id").asText();
        while (true) {
            JsonNode answer = post("retrieve_future", Json.object().put("request_id", id));
            if (answer.path("type").asText().equals("try_again")) {
                continue;
            }
            if (answer.has("error")) {
                throw new RemoteTrainingException(answer.get("error").asText(), 200);
            }
            return answer;
        }
    }

    /** How a request is made. */
    private interface Making {
        HttpRequest.Builder of(HttpRequest.Builder builder);
    }

    private JsonNode send(String path, Making making) {
        URI uri = base.resolve("api/v1/" + path);
        HttpRequest.Builder builder = HttpRequest.newBuilder(uri).timeout(ONE_REQUEST);
        key.ifPresent(secret -> builder.header("X-API-Key", secret));
        HttpRequest request = making.of(builder).build();
        long end = System.nanoTime() + patience.toNanos();
        Duration pause = Duration.ofMillis(200);
        while (true) {
            RemoteTrainingException trouble;
            try {
                HttpResponse<byte[]> response =
                        client.send(request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), MAX_BODY));
                if (response.statusCode() == 200) {
                    return Json.parse(response.body(), uri.toString());
                }
                trouble = refused(uri, response);
                boolean passes =
                        response.statusCode() == 408 || response.statusCode() == 429 || response.statusCode() >= 500;
                if (!passes) {
                    throw trouble;
                }
            } catch (FormatException e) {
                throw new RemoteTrainingException(uri + " answers with no JSON: " + e.getMessage(), 200);
            } catch (IOException e) {
                trouble = new RemoteTrainingException(
                        "no answer from " + uri + " (" + e + "); see that the service runs there", 0);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new RemoteTrainingException("interrupted while waiting for " + uri, 0);
            }
            if (System.nanoTime() > end) {
                throw trouble;
            }
            sleep(pause, uri);
            pause = pause.compareTo(Duration.ofSeconds(5)) < 0 ? pause.multipliedBy(2) : pause;
        }
    }

    private static void sleep(Duration pause, URI uri) {
        try {
            Thread.sleep(pause);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RemoteTrainingException("interrupted while waiting for " + uri, 0);
        }
    }

    private RemoteTrainingException refused(URI uri, HttpResponse<byte[]> response) {
        String text = new String(response.body(), StandardCharsets.UTF_8);
        try {
            JsonNode json = Json.parse(text, "the answer");
            JsonNode detail = json.has("detail") ? json.get("detail") : json.at("/error/message");
            text = detail.isTextual() ? detail.asText() : text;
        } catch (FormatException notJson) {
            // as it is
        }
        String shown = text;
        String line =
                Printable.of(key.map(secret -> shown.replace(secret, "***")).orElse(shown));
        return new RemoteTrainingException(
                uri.getPath() + ": " + (line.length() <= EXCERPT ? line : line.substring(0, EXCERPT) + " …")
                        + " (status " + response.statusCode() + ")",
                response.statusCode());
    }

    void close() {
        client.close();
    }
}
