// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.openenv;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A session of an OpenEnv server: one WebSocket, one environment of its own.
 *
 * <pre>{@code
 * try (OpenEnvClient client = OpenEnvClient.connect(http, URI.create("http://localhost:8000"), Duration.ofSeconds(60))) {
 *     OpenEnvClient.Step first = client.reset(7, "episode-1");
 *     OpenEnvClient.Step next = client.step(Json.object().put("action", "RIGHT"));
 * }
 * }</pre>
 *
 * <p>Decisions: an answer belongs to the request before it, as the protocol has no other way to tell; so after a request that was not answered
 * in time the session is closed. What a server sends is limited to {@value #MAX_CHARACTERS} characters a message.
 *
 * <p>Not thread-safe.
 */
public final class OpenEnvClient implements AutoCloseable {
    /** The longest message, in characters: the protocol's 100 MiB. */
    static final int MAX_CHARACTERS = 100 << 20;

    private static final Duration CONNECT = Duration.ofSeconds(10);
    private static final Duration CLOSE = Duration.ofSeconds(2);

    private final URI address;
    private final WebSocket socket;
    private final Incoming incoming;
    private final Duration timeout;
    private int calls; // ids of JSON-RPC

    private OpenEnvClient(URI address, WebSocket socket, Incoming incoming, Duration timeout) {
        this.address = address;
        this.socket = socket;
        this.incoming = incoming;
        this.timeout = timeout;
    }

    /**
     * What an environment answers.
     *
     * @param observation an object
     * @param reward of the step, if it gives one
     * @param isDone whether the episode is over
     */
    public record Step(JsonNode observation, OptionalDouble reward, boolean isDone) {}

    /**
     * Begins a session.
     *
     * @param base address of the server, {@code http}, {@code https}, {@code ws} or {@code wss}
     * @param timeout for each answer
     * @throws IOException if there is nobody, or nobody who speaks WebSocket
     */
    public static OpenEnvClient connect(HttpClient http, URI base, Duration timeout)
            throws IOException, InterruptedException {
        Incoming incoming = new Incoming(MAX_CHARACTERS);
        try {
            WebSocket socket = http.newWebSocketBuilder()
                    .connectTimeout(CONNECT)
                    .buildAsync(address(base), incoming)
                    .get(CONNECT.toSeconds() + 1, TimeUnit.SECONDS);
            return new OpenEnvClient(address(base), socket, incoming, timeout);
        } catch (ExecutionException | TimeoutException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new IOException("cannot connect to " + address(base) + " (" + cause + "); is the server running?", e);
        }
    }

    /** Where a server's WebSocket is. */
    static URI address(URI base) {
        String scheme = String.valueOf(base.getScheme()).replaceFirst("^http", "ws");
        if (!scheme.matches("wss?") || base.getHost() == null) {
            throw new IllegalArgumentException(
                    "'" + base + "' is no address of an OpenEnv server; write it as http://HOST:PORT");
        }
        String path = String.valueOf(base.getRawPath()).replaceFirst("/+$", "");
        return URI.create(scheme + "://" + base.getRawAuthority() + path + "/ws");
    }

    /** Begins an episode. */
    public Step reset(long seed, String episodeId) throws IOException, InterruptedException {
        return step("reset", Json.object().put("seed", seed).put("episode_id", episodeId));
    }

    /** Carries out an action. */
    public Step step(ObjectNode action) throws IOException, InterruptedException {
        return step("step", action);
    }

    private Step step(String type, ObjectNode data) throws IOException, InterruptedException {
        JsonNode answer = ask(Json.object().put("type", type).set("data", data), "observation");
        JsonNode reward = answer.path("reward");
        boolean isWell = answer.path("observation").isObject()
                && answer.path("done").isBoolean()
                && (reward.isNumber() || reward.isBoolean() || reward.isNull() || reward.isMissingNode());
        if (!isWell) {
            throw new OpenEnvException("", "not an observation with a reward and 'done': " + Json.excerpt(answer));
        }
        OptionalDouble earned = reward.isNumber()
                ? OptionalDouble.of(reward.doubleValue())
                : reward.isBoolean() ? OptionalDouble.of(reward.booleanValue() ? 1 : 0) : OptionalDouble.empty();
        return new Step(answer.path("observation"), earned, answer.path("done").booleanValue());
    }

    /** The episode's state: {@code episode_id}, {@code step_count} and what the environment adds. */
    public JsonNode state() throws IOException, InterruptedException {
        return ask(Json.object().put("type", "state"), "state");
    }

    /** A tool of the environment. */
    public record RemoteTool(String name, String description, ObjectNode parameters) {}

    /** The tools that it offers by MCP. */
    public List<RemoteTool> tools() throws IOException, InterruptedException {
        JsonNode tools = rpc("tools/list", Json.object()).path("tools");
        if (!tools.isArray()) {
            throw new OpenEnvException("", "no list of tools: " + Json.excerpt(tools));
        }
        List<RemoteTool> all = new ArrayList<>();
        for (JsonNode tool : tools) {
            JsonNode schema = tool.has("inputSchema") ? tool.get("inputSchema") : tool.path("input_schema");
            if (!tool.path("name").isTextual()) {
                throw new OpenEnvException("", "a tool without a name: " + Json.excerpt(tool));
            }
            ObjectNode parameters =
                    schema instanceof ObjectNode object ? object : Json.object().put("type", "object");
            all.add(new RemoteTool(
                    tool.get("name").textValue(), tool.path("description").asText(""), parameters));
        }
        return all;
    }

    /** Calls a tool by MCP, past the episode's steps: its result. */
    public JsonNode callTool(String name, ObjectNode arguments) throws IOException, InterruptedException {
        return rpc("tools/call", Json.object().put("name", name).set("arguments", arguments));
    }

    private JsonNode rpc(String method, ObjectNode params) throws IOException, InterruptedException {
        ObjectNode request =
                Json.object().put("jsonrpc", "2.0").put("method", method).set("params", params);
        request.put("id", ++calls);
        JsonNode answer = ask(Json.object().put("type", "mcp").set("data", request), "mcp");
        if (answer.hasNonNull("error")) {
            JsonNode error = answer.get("error");
            throw new OpenEnvException(
                    error.path("code").asText("MCP"), error.path("message").asText("no message"));
        }
        return answer.path("result");
    }

    private JsonNode ask(ObjectNode request, String expected) throws IOException, InterruptedException {
        String text;
        try {
            send(request);
            text = incoming.take(timeout);
        } catch (TimeoutException e) {
            socket.abort();
            throw new IOException(
                    address + ": no answer to '" + request.path("type").asText() + "' within "
                            + timeout.toMillis() / 1e3 + " s",
                    e);
        } catch (IOException lost) {
            throw new IOException(address + ": " + lost.getMessage(), lost);
        }
        JsonNode answer;
        try {
            answer = Json.parse(text, "the server's answer");
        } catch (FormatException e) {
            throw new OpenEnvException("", address + " sent an answer that is no JSON: " + e.what());
        }
        JsonNode data = answer.path("data");
        String type = answer.path("type").asText();
        if (type.equals("error")) {
            throw new OpenEnvException(
                    data.path("code").asText("UNKNOWN"), data.path("message").asText("no message"));
        }
        if (!type.equals(expected) || !data.isObject()) {
            throw new OpenEnvException("", address + " sent no '" + expected + "' but " + Json.excerpt(answer));
        }
        return data;
    }

    /** Sends a request. A server that has closed the session has said why before, which is what is read next. */
    private void send(ObjectNode request) throws InterruptedException, TimeoutException {
        try {
            socket.sendText(Json.compact(request), true).get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException closed) {
            // what comes in says it
        }
    }

    /** Ends the session; a server that does not listen any more is not waited for. */
    @Override
    public void close() {
        try {
            socket.sendText(Json.compact(Json.object().put("type", "close")), true)
                    .thenCompose(sent -> sent.sendClose(WebSocket.NORMAL_CLOSURE, ""))
                    .get(CLOSE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException gone) {
            // the server has ended it, or is not there any more
        } finally {
            socket.abort();
        }
    }
}
