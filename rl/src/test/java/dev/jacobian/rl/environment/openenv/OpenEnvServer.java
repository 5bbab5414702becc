// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.openenv;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * A server of OpenEnv's protocol as its reference server has it: one WebSocket, one environment; one answer a request; errors with their
 * codes; a limit of sessions. Written for these tests from the protocol's description, on plain sockets (RFC 6455).
 */
final class OpenEnvServer implements AutoCloseable {
    /** What a session plays. */
    interface Game {
        /** The observation behind a reset. */
        Answer reset(JsonNode data);

        /** The observation behind an action; a {@link FormatException} is an invalid message, anything else an error of execution. */
        Answer step(JsonNode action);

        /** Tools for MCP; null if it knows none. */
        default JsonNode tools() {
            return null;
        }
    }

    record Answer(ObjectNode observation, Double reward, boolean done) {}

    private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final Supplier<Game> games;
    private final int maxSessions;
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    final AtomicInteger active = new AtomicInteger();
    final AtomicInteger most = new AtomicInteger();
    final List<JsonNode> resets = new CopyOnWriteArrayList<>();

    OpenEnvServer(int maxSessions, Supplier<Game> games) throws IOException {
        this.games = games;
        this.maxSessions = maxSessions;
        Thread.ofVirtual().start(this::accept);
    }

    URI address() {
        return URI.create("http://localhost:" + server.getLocalPort());
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket socket = server.accept();
                sockets.add(socket);
                Thread.ofVirtual().start(() -> serve(socket));
            } catch (IOException closed) {
                return;
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            OutputStream out = socket.getOutputStream();
            Map<String, String> headers = headers(in);
            if (!headers.get("").startsWith("GET /ws HTTP/1.1")) {
                out.write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                return;
            }
            out.write(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            + "Sec-WebSocket-Accept: " + accept(headers.get("sec-websocket-key")) + "\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            int sessions = active.incrementAndGet();
            try {
                if (sessions > maxSessions) {
                    send(out, error("CAPACITY_REACHED", "all " + maxSessions + " sessions are taken"));
                    frame(out, 8, new byte[] {3, (byte) 232}); // 1000, a normal closure
                    in.transferTo(OutputStream.nullOutputStream()); // a socket closed too early takes the message along
                    return;
                }
                most.accumulateAndGet(sessions, Math::max);
                session(in, out);
            } finally {
                active.decrementAndGet();
            }
        } catch (IOException gone) {
            // the client has left
        }
    }

    private void session(DataInputStream in, OutputStream out) throws IOException {
        Game game = games.get();
        int steps = 0;
        for (String text = receive(in, out); text != null; text = receive(in, out)) {
            JsonNode request;
            try {
                request = Json.parse(text, "a frame");
            } catch (FormatException e) {
                send(out, error("INVALID_JSON", "not JSON"));
                continue;
            }
            Set<String> allowed = Set.of("type", "data");
            String type = request.path("type").asText();
            if (!List.of("reset", "step", "state", "close", "mcp").contains(type)) {
                send(out, error("UNKNOWN_TYPE", "unknown type " + type));
            } else if (request.properties().stream().anyMatch(field -> !allowed.contains(field.getKey()))) {
                send(out, error("VALIDATION_ERROR", "Invalid message"));
            } else if (type.equals("close")) {
                return;
            } else {
                steps += type.equals("step") ? 1 : 0;
                send(out, answer(game, type, request.path("data"), steps));
            }
        }
    }

    private ObjectNode answer(Game game, String type, JsonNode data, int steps) {
        try {
            return switch (type) {
                case "reset" -> {
                    resets.add(data);
                    yield observation(game.reset(data));
                }
                case "step" -> observation(game.step(data));
                case "state" -> {
                    ObjectNode state = Json.object().put("type", "state");
                    state.putObject("data").putNull("episode_id").put("step_count", steps);
                    yield state;
                }
                default -> mcp(game, data);
            };
        } catch (FormatException invalid) {
            return error("VALIDATION_ERROR", "Invalid message");
        } catch (RuntimeException e) {
            return error("EXECUTION_ERROR", String.valueOf(e.getMessage()));
        }
    }

    private static ObjectNode mcp(Game game, JsonNode rpc) {
        ObjectNode result = Json.object().put("jsonrpc", "2.0").set("id", rpc.path("id"));
        JsonNode tools = game.tools();
        if (tools == null) {
            result.putObject("error")
                    .put("code", -32603)
                    .put("message", "Environment does not support MCP")
                    .putNull("data");
        } else if (rpc.path("method").asText().equals("tools/list")) {
            result.putObject("result").set("tools", tools);
        } else {
            ObjectNode action = Json.object().put("type", "call_tool");
            action.set("tool_name", rpc.path("params").path("name"));
            action.set("arguments", rpc.path("params").path("arguments"));
            result.set("result", game.step(action).observation().path("result"));
        }
        return Json.object().put("type", "mcp").set("data", result);
    }

    private static ObjectNode observation(Answer answer) {
        ObjectNode json = Json.object().put("type", "observation");
        ObjectNode data = json.putObject("data");
        data.set("observation", answer.observation());
        data.put("reward", answer.reward());
        data.put("done", answer.done());
        return json;
    }

    private static ObjectNode error(String code, String message) {
        ObjectNode json = Json.object().put("type", "error");
        json.putObject("data").put("message", message).put("code", code);
        return json;
    }

    // WebSocket

    private static Map<String, String> headers(DataInputStream in) throws IOException {
        Map<String, String> headers = new TreeMap<>();
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        while (true) {
            int b = in.readUnsignedByte();
            if (b != '\n') {
                line.write(b);
                continue;
            }
            String text = line.toString(StandardCharsets.US_ASCII).strip();
            line.reset();
            if (text.isEmpty()) {
                return headers;
            }
            String[] parts = text.split(":", 2);
            if (headers.isEmpty()) {
                headers.put("", text);
            } else {
                headers.put(parts[0].toLowerCase(java.util.Locale.ROOT), parts[1].strip());
            }
        }
    }

    private static String accept(String key) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-1")
                    .digest((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").getBytes(StandardCharsets.US_ASCII));
            return Base64.getEncoder().encodeToString(hash);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The next text; null at the end. */
    private static String receive(DataInputStream in, OutputStream out) throws IOException {
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        while (true) {
            int first = in.readUnsignedByte();
            int second = in.readUnsignedByte();
            long length = second & 127;
            length = length == 126 ? in.readUnsignedShort() : length == 127 ? in.readLong() : length;
            byte[] mask = in.readNBytes(4);
            byte[] payload = in.readNBytes((int) length);
            for (int i = 0; i < payload.length; i++) {
                payload[i] ^= mask[i % 4];
            }
            int operation = first & 15;
            if (operation == 8) {
                frame(out, 8, payload);
                return null;
            }
            if (operation <= 1) {
                message.write(payload);
                if ((first & 128) != 0) {
                    return message.toString(StandardCharsets.UTF_8);
                }
            }
        }
    }

    static void send(OutputStream out, JsonNode message) throws IOException {
        frame(out, 1, Json.compact(message).getBytes(StandardCharsets.UTF_8));
    }

    private static void frame(OutputStream out, int operation, byte[] payload) throws IOException {
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        frame.write(128 | operation);
        if (payload.length < 126) {
            frame.write(payload.length);
        } else if (payload.length < 65536) {
            frame.write(126);
            frame.write(payload.length >> 8);
            frame.write(payload.length);
        } else {
            frame.write(127);
            for (int shift = 56; shift >= 0; shift -= 8) {
                frame.write((int) ((long) payload.length >> shift));
            }
        }
        frame.write(payload);
        out.write(frame.toByteArray());
        out.flush();
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket socket : new ArrayList<>(sockets)) {
            socket.close();
        }
    }
}
