// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.method.Methods;
import dev.jacobian.serve.http.Access;
import dev.jacobian.serve.http.ApiKey;
import dev.jacobian.serve.http.WebServer;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.Prefix;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who is believed, what is refused, and what garbage does: nothing. */
class ProtocolTest {
    private static final Secret OTHER = Secret.of("another secret, long enough too");

    @TempDir
    Path folder;

    private final HttpClient http = HttpClient.newHttpClient();
    private final List<String> log = TestRuns.log();
    private WorkerServer worker;
    private URI address;

    @BeforeEach
    void start() throws IOException {
        worker = WorkerServer.builder(TestRuns.SECRET)
                .scratch(folder)
                .log(log::add)
                .start(loopback());
        address = TestRuns.address(worker);
    }

    @AfterEach
    void stop() {
        worker.close();
        http.shutdownNow();
    }

    private static InetSocketAddress loopback() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    private WorkerClient client(Secret secret) {
        return new WorkerClient(http, address, secret, Duration.ofSeconds(20));
    }

    private HttpRequest request(String path, Seal.Place place, String nonce, String code, byte[] body) {
        return HttpRequest.newBuilder(address.resolve(path))
                .header(Seal.PLACE, place.toString())
                .header(Seal.NONCE, nonce)
                .header(Seal.CODE, code)
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                .build();
    }

    private HttpResponse<byte[]> send(HttpRequest request) throws IOException, InterruptedException {
        return http.send(request, HttpResponse.BodyHandlers.ofByteArray());
    }

    private static Refusal refusal(HttpResponse<byte[]> response) {
        Message message = Message.read(response.body(), "test");
        return new Refusal(Refusal.Kind.valueOf(message.text("kind")), message.text("message"));
    }

    /** A request to begin a session, sealed as a master does. */
    private HttpRequest sealed(Seal.Place place, String path, byte[] body) {
        String nonce = Seal.random();
        return request(path, place, nonce, Seal.ofRequest(TestRuns.SECRET, path, place, nonce, body), body);
    }

    private Seal.Place channel() throws IOException, InterruptedException {
        HttpResponse<byte[]> response = send(
                sealed(Seal.Place.NONE, "/v1/hello", Message.of(Product.self()).toBytes()));
        Message hello = Message.read(response.body(), "test");
        return new Seal.Place(hello.text("instance"), hello.text("channel"), 1);
    }

    @Test
    @DisplayName("neither side takes anything from who has another secret")
    void otherSecret() {
        assertThatThrownBy(() -> client(OTHER).hello())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("HTTP 401")
                .hasMessageContaining("another secret");
        assertThat(log).contains("refused a request: its code is not made with this worker's secret");
        CausalLM model = TestRuns.model();
        assertThatThrownBy(() -> Workers.builder(List.of(address), OTHER, TestRuns.folder())
                        .connect(model))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no worker answers")
                .hasMessageContaining(address.toString());
    }

    @Test
    @DisplayName(
            "a request that was recorded is refused the second time, on another path, changed, and by a worker that"
                    + " was started again")
    void replay() throws Exception {
        Seal.Place place = channel();
        byte[] body = Message.of(WorkerClient.of("s")).toBytes();
        HttpRequest close = sealed(place, "/v1/close", body);
        assertThat(refusal(send(close)).kind()).isEqualTo(Refusal.Kind.UNKNOWN); // there is no such session
        assertThat(refusal(send(close)).getMessage()).contains("sent before");
        Seal.Place next = new Seal.Place(place.instance(), place.channel(), 2);
        String nonce = Seal.random();
        String code = Seal.ofRequest(TestRuns.SECRET, "/v1/close", next, nonce, body);
        assertThat(send(request("/v1/open", next, nonce, code, body)).statusCode())
                .isEqualTo(401);
        byte[] other = Message.of(WorkerClient.of("t")).toBytes();
        assertThat(send(request("/v1/close", next, nonce, code, other)).statusCode())
                .isEqualTo(401);
        try (WorkerServer again =
                WorkerServer.builder(TestRuns.SECRET).scratch(folder).start(loopback())) {
            address = TestRuns.address(again);
            HttpRequest late = sealed(next, "/v1/close", body);
            assertThat(refusal(send(late)).getMessage()).contains("started again");
        }
    }

    @Test
    @DisplayName("an answer is believed for the very request alone that it answers")
    void answersAreOfTheirRequest() throws Exception {
        Message recorded = client(TestRuns.SECRET).hello();
        byte[] bytes = recorded.toBytes();
        String code = Seal.ofAnswer(TestRuns.SECRET, 200, "the code of another request", bytes);
        WebServer.Builder liar = WebServer.builder()
                .access(new Access(Optional.of(ApiKey.of(Seal.random())), List.of()))
                .publicRoute("POST", "/v1/", request -> {
                    request.setHeader(Seal.CODE, code);
                    request.reply(200, "application/octet-stream", bytes);
                });
        try (WebServer server = liar.start(loopback())) {
            address = URI.create("http://127.0.0.1:" + server.address().getPort());
            assertThatThrownBy(() -> client(TestRuns.SECRET).hello())
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("without the code");
        }
    }

    @Test
    @DisplayName(
            "garbage, messages that are cut off or too long, and lengths that lie change nothing, with the right code"
                    + " or without")
    void garbage() throws Exception {
        Random random = new Random(3);
        for (int i = 0; i < 40; i++) {
            byte[] noise = new byte[random.nextInt(200)];
            random.nextBytes(noise);
            String path = List.of("/v1/open", "/v1/work", "/v1/pieces", "/v1/weights", "/v1/none")
                    .get(i % 5);
            assertThat(send(sealed(channel(), path, noise)).statusCode()).isBetween(400, 499);
            assertThat(send(request(path, Seal.Place.NONE, "", "", noise)).statusCode())
                    .isEqualTo(401);
        }
        byte[] long1 = new byte[Message.MOST_BYTES + 1];
        assertThat(send(sealed(channel(), "/v1/chunk", long1)).statusCode()).isEqualTo(413);
        try (Socket socket = new Socket(address.getHost(), address.getPort())) {
            OutputStream out = socket.getOutputStream();
            out.write("POST /v1/hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc"
                    .getBytes(StandardCharsets.US_ASCII));
            out.flush();
        }
        CausalLM model = TestRuns.model();
        try (Workers workers = TestRuns.workers(List.of(address), log).connect(model)) {
            assertThat(TestRuns.with(
                            workers, model, TestRuns.config().maxSteps(1).build()))
                    .isEqualTo(TestRuns.alone(
                            TestRuns.model(), TestRuns.config().maxSteps(1).build()));
            assertThat(workers.totals().local()).isZero();
        }
    }

    @Test
    @DisplayName("items and results that are cut off anywhere are refused, and whole ones are read as they were")
    void cutOff() {
        byte[] items = WorkWire.items(List.of(new WorkWire.Item(3, new Prefix(new int[] {4, 5, 6}, 7, 8, 1), 2, 9)));
        WorkWire.Item read = WorkWire.items(items).getFirst();
        assertThat(read.prefix().tokens()).containsExactly(4, 5, 6);
        assertThat(List.of(
                        read.id(),
                        read.samples(),
                        read.pauseAfter(),
                        read.prefix().continued()))
                .containsExactly(3, 2, 9, 1);
        for (int n = 1; n < items.length; n++) {
            byte[] cut = java.util.Arrays.copyOf(items, n);
            assertThatThrownBy(() -> WorkWire.items(cut)).isInstanceOf(Refusal.class);
        }
    }

    @Test
    @DisplayName("settings are sent whole or not at all")
    void settings() {
        GenerationConfig usual = GenerationConfig.sampling(17, 0.7f, -5);
        assertThat(WorkWire.generation(WorkWire.generation(usual).orElseThrow()))
                .isEqualTo(usual);
        assertThat(WorkWire.generation(GenerationConfig.greedy(3))).isPresent();
        assertThat(WorkWire.generation(GenerationConfig.builder().typicalP(0.5f).build()))
                .isEmpty();
    }

    @Test
    @DisplayName("another version is refused by both sides, and told")
    void otherVersion() throws Exception {
        ObjectNode older = Json.object().put("protocol", Product.PROTOCOL).put("version", "0.0.1");
        Refusal refusal = refusal(
                send(sealed(Seal.Place.NONE, "/v1/hello", Message.of(older).toBytes())));
        assertThat(refusal.kind()).isEqualTo(Refusal.Kind.FOREIGN);
        assertThat(refusal).hasMessageContaining("the master is Jacobian 0.0.1").hasMessageContaining("same version");
        assertThatThrownBy(() -> Product.require(Message.of(older), "the worker"))
                .hasMessageContaining("the worker is Jacobian 0.0.1");
    }

    @Test
    @DisplayName("a worker whose model is another computes other logits, and is refused before it draws a sample")
    void otherModel() {
        CausalLM adapted = TestRuns.adapted();
        Path other = folder.resolve("other");
        CausalLM changed = TestRuns.model();
        changed.parameters().getLast().value().floats()[0] += 1;
        changed.save(other);
        try (Workers workers = Workers.builder(List.of(address), TestRuns.SECRET, other)
                .timeout(Duration.ofSeconds(20))
                .grace(Duration.ofMillis(100))
                .log(log::add)
                .connect(adapted)) {
            TestRuns.with(workers, adapted, TestRuns.config().maxSteps(1).build());
            assertThat(workers.status().getFirst().state()).isEqualTo(WorkerStatus.State.REFUSED);
            assertThat(workers.status().getFirst().samples()).isZero();
        }
        assertThat(log).anyMatch(line -> line.contains("other logits"));
    }

    @Test
    @DisplayName("without a secret a worker listens on this machine alone, and answers to its names alone")
    void withoutSecret() throws Exception {
        assertThatThrownBy(() -> WorkerServer.builder(Secret.NONE)
                        .start(new InetSocketAddress(InetAddress.getByName("0.0.0.0"), 0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Give a secret");
        assertThatThrownBy(() -> Secret.of("short")).hasMessageContaining("16 or more characters");
        try (WorkerServer open =
                        WorkerServer.builder(Secret.NONE).scratch(folder).start(loopback());
                Socket socket = new Socket("127.0.0.1", open.address().getPort())) {
            socket.getOutputStream()
                    .write(
                            "POST /v1/hello HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                                    .getBytes(StandardCharsets.US_ASCII));
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                    .startsWith("HTTP/1.1 403");
            address = TestRuns.address(open);
            assertThat(client(Secret.NONE).hello().text("version")).isEqualTo(Product.version());
        }
    }

    @Test
    @DisplayName("opponents from a mixture of two models are sampled by the master, which says so; tasks with an"
            + " environment are refused")
    void notSent() {
        CausalLM model = TestRuns.model();
        var config =
                TestRuns.config().maxSteps(2).method(Methods.named("nash_md")).build();
        try (Workers workers = TestRuns.workers(List.of(address), log).connect(model)) {
            assertThat(TestRuns.with(workers, model, config)).isEqualTo(TestRuns.alone(TestRuns.model(), config));
        }
        assertThat(log).anyMatch(line -> line.contains("sampled in this process"));
    }

    @Test
    @DisplayName("addresses and sets of workers that make no sense are errors")
    void addresses() {
        for (String wrong : List.of("127.0.0.1:7070", "ftp://h:1", "http://h", "http:///x")) {
            assertThatThrownBy(() -> Workers.builder(List.of(URI.create(wrong)), Secret.NONE, folder))
                    .as(wrong)
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> Workers.builder(List.of(address, address), Secret.NONE, folder))
                .hasMessageContaining("each once");
    }
}
