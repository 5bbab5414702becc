// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the server refuses, and how. */
@Timeout(120)
class WebServerTest {
    private static final String KEY = "a-key-of-more-than-16-characters";

    private final HttpClient client = HttpClient.newHttpClient();
    private final CountDownLatch entered = new CountDownLatch(1);
    private final CountDownLatch mayEnd = new CountDownLatch(1);
    private final BlockingQueue<String> ended = new LinkedBlockingQueue<>();
    private WebServer server;

    @AfterEach
    void close() {
        mayEnd.countDown();
        if (server != null) {
            server.close();
        }
        client.close();
    }

    private void start(Access access, WebLimits limits) throws IOException {
        server = WebServer.builder()
                .access(access)
                .limits(limits)
                .listener((route, status) -> ended.add(route + " " + status))
                .publicRoute(
                        "GET",
                        "/health",
                        request -> request.reply(200, Json.object().put("status", "ok")))
                .route("POST", "/echo", request -> request.reply(200, request.json()))
                .route(
                        "GET",
                        "/below/",
                        request -> request.reply(200, Json.object().put("rest", request.rest())))
                .route("GET", "/broken", request -> {
                    throw new IllegalStateException("a secret of the server");
                })
                .route("GET", "/waits", request -> {
                    entered.countDown();
                    mayEnd.await();
                    request.reply(200, Json.object());
                })
                .route("GET", "/flood", request -> {
                    EventStream events = request.replyWithEvents();
                    JsonNode much = Json.object().put("text", "x".repeat(1 << 20));
                    while (true) {
                        events.send(much);
                    }
                })
                .start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    private void start() throws IOException {
        start(Access.local(), WebLimits.DEFAULT);
    }

    private HttpRequest.Builder to(String path) {
        return HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + server.address().getPort() + path));
    }

    private HttpRequest.Builder post(String body) {
        return to("/echo").header("Content-Type", "application/json").POST(BodyPublishers.ofString(body));
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return client.send(request.build(), BodyHandlers.ofString());
    }

    private void refuses(HttpRequest.Builder request, int status, String... words) throws Exception {
        HttpResponse<String> response = send(request);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
        JsonNode error = Json.parse(response.body(), "response").get("error");
        assertThat(error.fieldNames()).toIterable().containsExactly("message", "type", "param", "code");
        assertThat(error.get("message").textValue()).satisfies(message -> {
            for (String word : words) {
                assertThat(message).contains(word);
            }
        });
        assertThat(response.headers().firstValue("x-request-id")).isPresent();
    }

    @Test
    void answers() throws Exception {
        start();
        HttpResponse<String> response = send(post("{\"a\": [1, \"ä\"]}"));
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEqualTo("{\"a\":[1,\"ä\"]}");
        assertThat(response.headers().firstValue("Access-Control-Allow-Origin")).isEmpty();
        assertThat(send(to("/below/a/b")).body()).isEqualTo("{\"rest\":\"a/b\"}");
    }

    @Test
    void refusesWhatIsNotThere() throws Exception {
        start();
        refuses(to("/nowhere"), 404, "/nowhere");
        refuses(to("/below/"), 404);
        refuses(to("/echo"), 405, "/echo takes POST, not GET");
        assertThat(send(to("/echo")).headers().firstValue("Allow")).contains("POST");
    }

    @Test
    void headIsGetWithoutABody() throws Exception {
        start();
        String length =
                send(to("/health")).headers().firstValue("Content-Length").orElseThrow();
        HttpResponse<String> head = send(to("/health").HEAD());
        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(head.body()).isEmpty();
        assertThat(head.headers().firstValue("Content-Length")).contains(length);
        assertThat(head.headers().firstValue("Content-Type")).contains("application/json");
        assertThat(send(to("/echo").HEAD()).statusCode()).isEqualTo(405);
        assertThat(send(to("/nowhere").HEAD()).statusCode()).isEqualTo(404);
        assertThat(send(to("/health")).body()).isEqualTo("{\"status\":\"ok\"}"); // the connection is in order
    }

    @Test
    void refusesBodiesThatAreNoJson() throws Exception {
        start();
        refuses(post("{\"a\": 1"), 400, "the request's body", "line 1");
        refuses(post(""), 400, "empty");
        refuses(post("{\"a\": 1, \"a\": 2}"), 400, "Duplicate");
        refuses(post("[".repeat(100_000)), 400, "200");
        refuses(to("/echo").POST(BodyPublishers.ofString("{}")), 415, "application/json");
        refuses(to("/echo").header("Content-Type", "text/plain").POST(BodyPublishers.ofString("{}")), 415);
        HttpRequest.Builder bytes = to("/echo").header("Content-Type", "application/json");
        refuses(bytes.POST(BodyPublishers.ofByteArray(new byte[] {'"', (byte) 0xFF, '"'})), 400, "not UTF-8");
    }

    @Test
    void refusesBodiesThatAreTooLong() throws Exception {
        start(Access.local(), WebLimits.DEFAULT.withBodyBytes(100));
        String hundred = "\"" + "x".repeat(98) + "\"";
        assertThat(send(post(hundred)).statusCode()).isEqualTo(200);
        refuses(post(hundred + " "), 413, "longer than 100 bytes");
        HttpRequest.Builder chunked = to("/echo").header("Content-Type", "application/json");
        refuses(
                chunked.POST(BodyPublishers.fromPublisher(BodyPublishers.ofString("[" + "1,".repeat(20_000) + "1]"))),
                413,
                "longer than 100 bytes");
    }

    @Test
    void whoeverSendsTooMuchIsToldSoAndNotCutOff() throws Exception {
        start();
        String large = "\"" + "x".repeat(9 << 20) + "\"";
        refuses(post(large), 413, "longer than 4194304 bytes");
        refuses(to("/echo").POST(BodyPublishers.ofString(large)), 415, "application/json");
        refuses(to("/nowhere").POST(BodyPublishers.ofString(large)), 404, "/nowhere");
    }

    @Test
    void aHugeBodyIsRefusedBeforeItIsSent() throws Exception {
        start();
        try (RawClient raw = new RawClient(server.address())) {
            raw.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length:"
                    + " 999999999999\r\n\r\n");
            assertThat(raw.receiveUntil("\r\n")).contains("413");
        }
    }

    @Test
    void aTargetThatIsNoPathIsRefused() throws Exception {
        start();
        for (String target : List.of("mailto:x", "urn:a:b", "http:", "health", "*", "ftp://localhost")) {
            try (RawClient raw = new RawClient(server.address())) {
                raw.send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
                // to the first two the JDK's server says nothing and hangs up; the others it answers itself
                assertThat(raw.receive())
                        .as(target)
                        .matches("(?s)|HTTP/1\\.1 40[04] .*")
                        .doesNotContain("\tat ");
            }
        }
        try (RawClient raw = new RawClient(server.address())) {
            raw.send("GET http://localhost/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            assertThat(raw.receive()).startsWith("HTTP/1.1 200 ");
        }
    }

    @Test
    void aKeyIsNeededForWhatIsNotPublic() throws Exception {
        start(new Access(Optional.of(ApiKey.of(KEY)), List.of()), WebLimits.DEFAULT);
        assertThat(send(to("/health")).statusCode()).isEqualTo(200);
        refuses(post("{}"), 401, "Authorization: Bearer");
        refuses(post("{}").header("Authorization", "Bearer " + KEY + "x"), 401);
        refuses(post("{}").header("Authorization", "Basic " + KEY), 401);
        refuses(to("/nowhere"), 401); // what there is, is told to those with a key
        assertThat(send(post("{}").header("Authorization", "Bearer " + KEY)).statusCode())
                .isEqualTo(200);
        assertThat(send(post("{}").header("Authorization", "bearer  " + KEY + " "))
                        .statusCode())
                .isEqualTo(200);
    }

    @Test
    void aKeyIsLongAndNeverPrinted() {
        assertThatThrownBy(() -> ApiKey.of("secret"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("16")
                .hasMessageNotContaining("secret");
        assertThat(ApiKey.of(KEY).toString()).doesNotContain(KEY);
    }

    @Test
    void withoutAKeyOnlyThisMachineIsServed() {
        assertThatThrownBy(() -> WebServer.builder().start(new InetSocketAddress("0.0.0.0", 0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Give a key");
    }

    @Test
    void foreignHostsAreRefused() throws Exception {
        start();
        for (String host : List.of("evil.example", "evil.example:80", "127.0.0.1.evil.example", "[::2]:1", "")) {
            try (RawClient raw = new RawClient(server.address())) {
                raw.send("GET /health HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
                assertThat(raw.receive()).as(host).contains(" 403 ", "permission_error");
            }
        }
        for (String host : List.of("localhost", "LOCALHOST:81", "127.0.0.1:8000", "[::1]", "[::1]:8000")) {
            try (RawClient raw = new RawClient(server.address())) {
                raw.send("GET /health HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
                assertThat(raw.receive()).as(host).contains(" 200 ");
            }
        }
    }

    @Test
    void pagesFromElsewhereAreRefusedUnlessAllowed() throws Exception {
        start(new Access(Optional.empty(), List.of("https://good.example")), WebLimits.DEFAULT);
        int port = server.address().getPort();
        refuses(post("{}").header("Origin", "https://evil.example"), 403, "https://evil.example");
        refuses(post("{}").header("Origin", "null"), 403);
        refuses(post("{}").header("Origin", "http://localhost:" + port), 403); // the host is 127.0.0.1
        assertThat(send(post("{}").header("Origin", "http://127.0.0.1:" + port)).statusCode())
                .isEqualTo(200);
        HttpResponse<String> allowed = send(post("{}").header("Origin", "https://good.example"));
        assertThat(allowed.statusCode()).isEqualTo(200);
        assertThat(allowed.headers().firstValue("Access-Control-Allow-Origin")).contains("https://good.example");
        HttpRequest.Builder preflight = to("/echo").header("Access-Control-Request-Method", "POST");
        preflight.method("OPTIONS", BodyPublishers.noBody());
        assertThat(send(preflight.copy().header("Origin", "https://good.example"))
                        .statusCode())
                .isEqualTo(204);
        refuses(preflight.copy().header("Origin", "https://evil.example"), 403);
    }

    @Test
    void oneRequestTooManyIsToldToComeAgain() throws Exception {
        start(Access.local(), WebLimits.DEFAULT.withRequests(1));
        CompletableFuture<HttpResponse<String>> first =
                client.sendAsync(to("/waits").build(), BodyHandlers.ofString());
        entered.await();
        assertThat(send(to("/health")).statusCode()).isEqualTo(200);
        HttpResponse<String> second = send(post("{}"));
        assertThat(second.statusCode()).isEqualTo(429);
        assertThat(second.headers().firstValue("Retry-After")).contains("1");
        mayEnd.countDown();
        assertThat(first.get().statusCode()).isEqualTo(200);
        assertThat(send(post("{}")).statusCode()).isEqualTo(200);
    }

    @Test
    void aFailureTellsNothingOfTheServer() throws Exception {
        start();
        HttpResponse<String> response = send(to("/broken"));
        assertThat(response.statusCode()).isEqualTo(500);
        assertThat(response.body()).contains("internal_error").doesNotContain("secret");
    }

    @Test
    void aClientThatDoesNotReadIsGivenUp() throws Exception {
        start(Access.local(), WebLimits.DEFAULT.withWriting(Duration.ofMillis(300)));
        try (RawClient raw = new RawClient(server.address())) {
            raw.send("GET /flood HTTP/1.1\r\nHost: localhost\r\n\r\n");
            assertThat(ended.take()).isEqualTo("/flood 200"); // else it would hold its place for ever
        }
    }

    @Test
    void aClientThatSendsTooSlowlyIsGivenUp() throws Exception {
        assumeTrue(
                Integer.getInteger("sun.net.httpserver.maxReqTime", 0) > 0,
                "needs -Dsun.net.httpserver.maxReqTime, which the build sets");
        start();
        try (RawClient head = new RawClient(server.address());
                RawClient body = new RawClient(server.address())) {
            head.send("GET /health HTTP/1.1\r\nHost: local");
            body.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length:"
                    + " 10\r\n\r\n[1,");
            head.receive();
            body.receive();
            assertThat(ended.take()).isEqualTo("/echo 499");
        }
        assertThat(send(to("/health")).statusCode()).isEqualTo(200);
    }
}
