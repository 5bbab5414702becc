// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A headless Chromium, told what to do through its own protocol (DevTools): no driver and no library in between.
 *
 * <p>Taken is the program that the variable {@code JACOBIAN_CHROMIUM} names, or one of the usual names on the path.
 */
final class Browser implements AutoCloseable {
    private static final List<String> NAMES =
            List.of("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable");
    private static final String LISTENING = "DevTools listening on ";

    private final Process process;
    private final HttpClient client = HttpClient.newHttpClient();
    private final LinkedBlockingQueue<JsonNode> answers = new LinkedBlockingQueue<>();
    private final WebSocket socket;
    private int requests;

    private Browser(Path program, Path profile) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                program.toString(),
                "--headless",
                "--disable-gpu",
                "--no-first-run",
                "--disable-extensions",
                "--disable-background-networking",
                "--remote-debugging-port=0",
                "--user-data-dir=" + profile));
        if (System.getProperty("user.name").equals("root")) {
            command.add("--no-sandbox"); // it refuses to start as root otherwise
        }
        command.add("about:blank");
        process = new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        URI devtools = devtools();
        JsonNode pages = Json.parse(
                client.send(
                                HttpRequest.newBuilder(URI.create("http://" + devtools.getAuthority() + "/json/list"))
                                        .build(),
                                BodyHandlers.ofString())
                        .body(),
                "pages");
        String page = pages.valueStream()
                .filter(one -> one.get("type").asText().equals("page"))
                .map(one -> one.get("webSocketDebuggerUrl").asText())
                .findFirst()
                .orElseThrow();
        socket = client.newWebSocketBuilder()
                .buildAsync(URI.create(page), new Listener())
                .join();
    }

    /** The program on this machine, if there is one. */
    static Optional<Path> find() {
        String named = System.getenv("JACOBIAN_CHROMIUM");
        if (named != null) {
            return Optional.of(Path.of(named));
        }
        return NAMES.stream()
                .flatMap(name -> Stream.of(System.getenv("PATH").split(File.pathSeparator))
                        .map(folder -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }

    static Browser start(Path program, Path profile) throws IOException, InterruptedException {
        return new Browser(program, profile);
    }

    /** Where it takes orders, which it says at the start; the rest of what it says is dropped. */
    private URI devtools() throws IOException {
        BufferedReader errors = process.errorReader();
        List<String> said = new ArrayList<>();
        for (String line = errors.readLine(); line != null; line = errors.readLine()) {
            said.add(line);
            if (line.startsWith(LISTENING)) {
                Thread.ofVirtual().start(() -> errors.lines().forEach(ignored -> {}));
                return URI.create(line.substring(LISTENING.length()).strip());
            }
        }
        throw new IOException("the browser did not start: " + said);
    }

    /** Collects answers; events are dropped. */
    private final class Listener implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                JsonNode message = Json.parse(text.toString(), "the browser's message");
                text.setLength(0);
                if (message.has("id")) {
                    answers.add(message);
                }
            }
            from.request(1);
            return null;
        }
    }

    private JsonNode call(String method, ObjectNode params) throws InterruptedException {
        ObjectNode request = Json.object().put("id", ++requests).put("method", method);
        request.set("params", params);
        socket.sendText(request.toString(), true).join();
        JsonNode answer = answers.poll(60, TimeUnit.SECONDS);
        if (answer == null || answer.get("id").intValue() != requests || answer.has("error")) {
            throw new AssertionError(method + ": " + answer);
        }
        return answer.get("result");
    }

    /** Goes to a page. */
    void open(String url) throws InterruptedException {
        call("Page.navigate", Json.object().put("url", url));
    }

    /** The value of an expression in the page. */
    JsonNode evaluate(String expression) throws InterruptedException {
        JsonNode result = call(
                "Runtime.evaluate",
                Json.object()
                        .put("expression", expression)
                        .put("returnByValue", true)
                        .put("awaitPromise", true));
        if (result.has("exceptionDetails")) {
            throw new AssertionError(expression + ": " + result);
        }
        return result.get("result").path("value");
    }

    /** Waits until an expression holds; the test's own limit of time ends it if it never does. */
    void await(String condition) throws InterruptedException {
        while (!evaluate("Boolean(" + condition + ")").booleanValue()) {
            Thread.sleep(20);
        }
    }

    /** Types into what has the focus. */
    void type(String text) throws InterruptedException {
        call("Input.insertText", Json.object().put("text", text));
    }

    /** Presses the Enter key. */
    void enter() throws InterruptedException {
        for (String type : List.of("keyDown", "keyUp")) {
            call(
                    "Input.dispatchKeyEvent",
                    Json.object()
                            .put("type", type)
                            .put("key", "Enter")
                            .put("code", "Enter")
                            .put("text", type.equals("keyDown") ? "\r" : "")
                            .put("windowsVirtualKeyCode", 13));
        }
    }

    @Override
    public void close() throws InterruptedException {
        socket.abort();
        client.close();
        process.destroy();
        if (!process.waitFor(20, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
        process.waitFor();
    }
}
