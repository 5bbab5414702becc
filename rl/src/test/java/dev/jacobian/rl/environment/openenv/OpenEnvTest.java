// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.openenv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.ToolCallFormat;
import dev.jacobian.rl.TestModels;
import dev.jacobian.rl.environment.EnvironmentLimits;
import dev.jacobian.rl.environment.Observation;
import dev.jacobian.rl.environment.Reply;
import dev.jacobian.rl.environment.Said;
import dev.jacobian.rl.environment.Session;
import dev.jacobian.rl.environment.Start;
import dev.jacobian.rl.environment.ToolCalls;
import dev.jacobian.rl.environment.catalog.OpenEnvKind;
import dev.jacobian.rl.episode.Ending;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.RolloutTask;
import dev.jacobian.rl.rollout.Rollouts;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Sessions of a server of the same protocol. */
class OpenEnvTest {
    private static final Duration SECOND = Duration.ofSeconds(10);

    /** A walk on five by five squares to the lower right corner. */
    private static final class Grid implements OpenEnvServer.Game {
        private int x;
        private int y;

        @Override
        public OpenEnvServer.Answer reset(JsonNode data) {
            x = 0;
            y = 0;
            return answer("begin", 0);
        }

        @Override
        public OpenEnvServer.Answer step(JsonNode action) {
            switch (action.path("action").asText()) {
                case "UP" -> x = Math.max(0, x - 1);
                case "DOWN" -> x = Math.min(4, x + 1);
                case "LEFT" -> y = Math.max(0, y - 1);
                case "RIGHT" -> y = Math.min(4, y + 1);
                case "BREAK" -> throw new IllegalStateException("the floor is gone");
                default -> throw new FormatException("an action", "no direction", "");
            }
            return answer("moved", x == 4 && y == 4 ? 1 : -0.1);
        }

        private OpenEnvServer.Answer answer(String message, double reward) {
            return new OpenEnvServer.Answer(
                    Json.object().put("x", x).put("y", y).put("message", message), reward, x == 4 && y == 4);
        }
    }

    /** Tools that echo. */
    private static final class Echo implements OpenEnvServer.Game {
        @Override
        public OpenEnvServer.Answer reset(JsonNode data) {
            return new OpenEnvServer.Answer(Json.object(), 0.0, false);
        }

        @Override
        public OpenEnvServer.Answer step(JsonNode action) {
            ObjectNode observation = Json.object();
            observation.set("tool_name", action.path("tool_name"));
            if (!action.path("tool_name").asText().equals("echo_message")) {
                observation.putNull("result");
                observation
                        .putObject("error")
                        .put("error_type", "tool_not_found")
                        .put("message", "not found");
            } else {
                observation
                        .putObject("result")
                        .put("data", action.path("arguments").path("message").asText())
                        .put("is_error", false);
                observation.putNull("error");
            }
            return new OpenEnvServer.Answer(observation, 0.5, false);
        }

        @Override
        public JsonNode tools() {
            ArrayNode tools = Json.object().arrayNode();
            tools.addObject()
                    .put("name", "echo_message")
                    .put("description", "Says it again.")
                    .putObject("inputSchema")
                    .put("type", "object");
            return tools;
        }
    }

    /** Tells the number that it was given; over at zero. */
    private static final class Counter implements OpenEnvServer.Game {
        private long seed;

        @Override
        public OpenEnvServer.Answer reset(JsonNode data) {
            seed = data.path("seed").asLong();
            return new OpenEnvServer.Answer(Json.object().put("text", "+" + Math.floorMod(seed, 9) + "="), null, false);
        }

        @Override
        public OpenEnvServer.Answer step(JsonNode action) {
            return new OpenEnvServer.Answer(Json.object().put("text", "+1="), 0.25, false);
        }
    }

    private static Start start(int sample) {
        return new Start("p", "?", Columns.NONE, 7, sample, true, Optional.of(new ToolCalls(ToolCallFormat.HERMES, 4)));
    }

    private static OpenEnv environment(OpenEnvServer server, ActionForm form, String field, String observed)
            throws Exception {
        return new OpenEnv(server.address(), form, field, observed, 4, EnvironmentLimits.DEFAULT);
    }

    @Test
    @DisplayName(
            "the protocol's own session: reset, steps with rewards, state, an invalid action, MCP that is not there,"
                    + " close")
    void client() throws Exception {
        try (OpenEnvServer server = new OpenEnvServer(2, Grid::new);
                HttpClient http = HttpClient.newHttpClient()) {
            try (OpenEnvClient client = OpenEnvClient.connect(http, server.address(), SECOND)) {
                OpenEnvClient.Step first = client.reset(1, "e");
                assertThat(first.observation()).isEqualTo(Json.parse("{\"x\":0,\"y\":0,\"message\":\"begin\"}", ""));
                assertThat(first.reward()).hasValue(0);
                assertThat(first.isDone()).isFalse();
                OpenEnvClient.Step right = client.step(Json.object().put("action", "RIGHT"));
                assertThat(right.reward()).hasValue(-0.1);
                assertThat(client.state().path("step_count").asInt()).isEqualTo(1);
                assertThatThrownBy(() -> client.step(Json.object().put("action", "JUMP")))
                        .isInstanceOf(OpenEnvException.class)
                        .hasMessage("VALIDATION_ERROR: Invalid message");
                assertThatThrownBy(client::tools).hasMessage("-32603: Environment does not support MCP");
                assertThatThrownBy(() -> client.step(Json.object().put("action", "BREAK")))
                        .hasMessage("EXECUTION_ERROR: the floor is gone");
                for (String move : List.of("RIGHT", "RIGHT", "RIGHT", "DOWN", "DOWN", "DOWN")) {
                    client.step(Json.object().put("action", move));
                }
                OpenEnvClient.Step goal = client.step(Json.object().put("action", "DOWN"));
                assertThat(goal.reward()).hasValue(1);
                assertThat(goal.isDone()).isTrue();
                assertThat(server.resets)
                        .singleElement()
                        .satisfies(data ->
                                assertThat(data).isEqualTo(Json.parse("{\"seed\":1,\"episode_id\":\"e\"}", "")));
            }
            long end = System.nanoTime() + 5_000_000_000L;
            while (server.active.get() > 0 && System.nanoTime() < end) {
                Thread.sleep(5);
            }
            assertThat(server.active).hasValue(0);
        }
    }

    @Test
    @DisplayName("nobody there, a full server, a long message and one that says nothing are errors in words")
    void unwell() throws Exception {
        try (HttpClient http = HttpClient.newHttpClient()) {
            assertThatThrownBy(() -> OpenEnvClient.connect(http, URI.create("http://localhost:9"), SECOND))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("cannot connect to ws://localhost:9/ws")
                    .hasMessageContaining("is the server running?");
            assertThatThrownBy(() -> OpenEnvClient.address(URI.create("localhost:8000")))
                    .hasMessageContaining("write it as http://HOST:PORT");
            assertThat(OpenEnvClient.address(URI.create("https://a.b/env/"))).isEqualTo(URI.create("wss://a.b/env/ws"));
            try (OpenEnvServer server = new OpenEnvServer(1, Grid::new);
                    OpenEnvClient one = OpenEnvClient.connect(http, server.address(), SECOND)) {
                one.reset(0, "one");
                try (OpenEnvClient two = OpenEnvClient.connect(http, server.address(), SECOND)) {
                    assertThatThrownBy(() -> two.reset(0, "two"))
                            .hasMessage("CAPACITY_REACHED: all 1 sessions are taken");
                }
            }
            OpenEnvServer.Game silent = new OpenEnvServer.Game() {
                @Override
                public OpenEnvServer.Answer reset(JsonNode data) {
                    try {
                        Thread.sleep(60_000);
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                    return new OpenEnvServer.Answer(Json.object(), null, false);
                }

                @Override
                public OpenEnvServer.Answer step(JsonNode action) {
                    return reset(action);
                }
            };
            try (OpenEnvServer server = new OpenEnvServer(1, () -> silent);
                    OpenEnvClient client = OpenEnvClient.connect(http, server.address(), Duration.ofMillis(200))) {
                assertThatThrownBy(() -> client.reset(0, "e"))
                        .hasMessageEndingWith("/ws: no answer to 'reset' within 0.2 s");
            }
        }
        Incoming incoming = new Incoming(10);
        WebSocket socket = new Refusing();
        incoming.onText(socket, "12345", false);
        incoming.onText(socket, "678901", true);
        assertThatThrownBy(() -> incoming.take(SECOND)).hasMessageContaining("more than a message of 10 characters");
    }

    @Test
    @DisplayName("turns are actions: one member or JSON; what the server refuses the policy is told, what breaks is a"
            + " failure")
    void actions() throws Exception {
        try (OpenEnvServer server = new OpenEnvServer(8, Grid::new);
                OpenEnv field = environment(server, ActionForm.FIELD, "action", "message");
                OpenEnv json = environment(server, ActionForm.JSON, "", "")) {
            try (Session session = field.reset(start(0))) {
                assertThat(session.opening()).contains("begin");
                assertThat(session.respond(new Said(1, " RIGHT\n", false)))
                        .isEqualTo(new Reply(
                                Optional.of(new Observation.Text("moved")), OptionalDouble.of(-0.1), false, 1, 0));
                assertThat(session.respond(new Said(2, "JUMP", false)))
                        .isEqualTo(Reply.of("not a possible action").withCalls(1, 1));
                assertThatThrownBy(() -> session.respond(new Said(3, "BREAK", false)))
                        .hasMessage("EXECUTION_ERROR: the floor is gone");
            }
            try (Session session = json.reset(start(0))) {
                assertThat(session.opening()).contains("{\"x\":0,\"y\":0,\"message\":\"begin\"}");
                assertThat(session.respond(new Said(1, "I go {\"action\": \"DOWN\"}.", false))
                                .observation())
                        .contains(new Observation.Text("{\"x\":1,\"y\":0,\"message\":\"moved\"}"));
                assertThat(session.respond(new Said(2, "down", false)).failedCalls())
                        .isEqualTo(1);
                assertThat(session.respond(new Said(3, "{down}", false)).failedCalls())
                        .isEqualTo(1);
            }
        }
    }

    /** Takes one type of action alone, as a server does that makes nothing of a text but a text. */
    private record Strict(boolean numbers, List<JsonNode> taken) implements OpenEnvServer.Game {
        @Override
        public OpenEnvServer.Answer reset(JsonNode data) {
            return new OpenEnvServer.Answer(Json.object().put("text", "go"), null, false);
        }

        @Override
        public OpenEnvServer.Answer step(JsonNode action) {
            if (action.path("value").isInt() != numbers) {
                throw new FormatException("the action", "not of this type", "Give another");
            }
            taken.add(action.path("value"));
            return new OpenEnvServer.Answer(Json.object().put("text", "well"), 1.0, false);
        }
    }

    @Test
    @DisplayName("what the policy says is sent as a text, also a number; as a number where the server refuses the text")
    void textsAndNumbers() throws Exception {
        for (boolean numbers : new boolean[] {false, true}) {
            List<JsonNode> taken = new CopyOnWriteArrayList<>();
            try (OpenEnvServer server = new OpenEnvServer(2, () -> new Strict(numbers, taken));
                    OpenEnv environment = environment(server, ActionForm.FIELD, "value", "");
                    Session session = environment.reset(start(0))) {
                assertThat(session.respond(new Said(1, " 42\n", false)).reward())
                        .hasValue(1);
                assertThat(session.respond(new Said(2, "-7", false)).failedCalls())
                        .isZero();
                assertThat(session.respond(new Said(3, "up", false)).failedCalls())
                        .isEqualTo(numbers ? 1 : 0);
            }
            assertThat(taken.toString()).isEqualTo(numbers ? "[42, -7]" : "[\"42\", \"-7\", \"up\"]");
        }
    }

    @Test
    @DisplayName("a server that is not there is told by its address before a run begins, and what to do")
    void nobody() {
        OpenEnvKind kind = new OpenEnvKind(
                "http://localhost:9", ActionForm.FIELD, "message", "", 3, "", EnvironmentLimits.DEFAULT);
        assertThatThrownBy(() -> kind.task(Optional.empty(), false))
                .hasMessageContaining("environment 'openenv': nobody listens at http://localhost:9")
                .hasMessageContaining("Start the OpenEnv server, or give its address: --set url=http://HOST:PORT");
    }

    @Test
    @DisplayName("tools by MCP: listed for the model, called as steps with their rewards, errors told")
    void tools() throws Exception {
        try (OpenEnvServer server = new OpenEnvServer(8, Echo::new);
                OpenEnv environment = environment(server, ActionForm.TOOLS, "", "")) {
            assertThat(environment.tools())
                    .singleElement()
                    .satisfies(tool -> assertThat(
                                    tool.path("function").path("name").asText())
                            .isEqualTo("echo_message"));
            try (Session session = environment.reset(start(0))) {
                assertThat(session.opening()).isEmpty();
                Reply reply = session.respond(new Said(
                        1,
                        "<tool_call>{\"name\": \"echo_message\", \"arguments\": {\"message\": \"Hi\"}}</tool_call>"
                                + "<tool_call>{\"name\": \"shout\", \"arguments\": {}}</tool_call>",
                        true));
                assertThat(reply.observation())
                        .contains(new Observation.Results(List.of(
                                new Observation.Result("echo_message", "Hi"),
                                new Observation.Result(
                                        "shout",
                                        "{\"error\":{\"error_type\":\"tool_not_found\",\"message\":\"not found\"}}"))));
                assertThat(reply.reward()).hasValue(1);
                assertThat(reply.calls()).isEqualTo(2);
                assertThat(reply.failedCalls()).isEqualTo(1);
                assertThat(session.respond(new Said(2, "That was it.", true))).isEqualTo(Reply.done());
            }
            try (HttpClient http = HttpClient.newHttpClient();
                    OpenEnvClient client = OpenEnvClient.connect(http, server.address(), SECOND)) {
                assertThat(client.callTool("echo_message", Json.object().put("message", "x"))
                                .path("data")
                                .asText())
                        .isEqualTo("x");
            }
        }
    }

    @Test
    @DisplayName(
            "a rollout in a server of few sessions: no more at once, seeds by problem, rewards of turns, all closed")
    void rollout() throws Exception {
        CausalLM model = TestModels.addition();
        try (OpenEnvServer server = new OpenEnvServer(3, Counter::new)) {
            OpenEnvKind kind = new OpenEnvKind(
                    server.address().toString(),
                    ActionForm.FIELD,
                    "guess",
                    "",
                    3,
                    "1",
                    EnvironmentLimits.DEFAULT.withMaxTurns(2));
            Task task = kind.task(Optional.empty(), false);
            List<RolloutTask.Request> requests = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                requests.add(new RolloutTask.Request(task.trainProblem(1, i), i, 4));
            }
            List<Group> groups =
                    Rollouts.local(model, task).run(new RolloutTask(requests, GenerationConfig.sampling(20, 1f, 3), 0));
            assertThat(groups).hasSize(3);
            for (Group group : groups) {
                String prompt = model.tokenizer().decode(group.prompt(), false);
                assertThat(prompt).isEqualTo("1+" + group.key() + "=");
                assertThat(group.samples())
                        .allSatisfy(sample -> assertThat(
                                        sample.episode().orElseThrow().ending())
                                .isIn(Ending.TURNS, Ending.LENGTH));
                assertThat(group.samples())
                        .anySatisfy(sample -> assertThat(
                                        sample.episode().orElseThrow().reward())
                                .hasValue(0.5));
            }
            assertThat(server.most.get()).isBetween(2, 3);
            assertThat(server.resets).hasSize(12);
            assertThat(kind.remarks()).singleElement().asString().contains("cannot be repeated");
        }
    }

    /** A socket that hears nothing. */
    private static final class Refusing implements WebSocket {
        @Override
        public CompletableFuture<WebSocket> sendText(CharSequence data, boolean last) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletableFuture<WebSocket> sendBinary(ByteBuffer data, boolean last) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletableFuture<WebSocket> sendPing(ByteBuffer message) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletableFuture<WebSocket> sendPong(ByteBuffer message) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletableFuture<WebSocket> sendClose(int status, String reason) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void request(long n) {}

        @Override
        public String getSubprotocol() {
            return "";
        }

        @Override
        public boolean isOutputClosed() {
            return false;
        }

        @Override
        public boolean isInputClosed() {
            return false;
        }

        @Override
        public void abort() {}
    }
}
