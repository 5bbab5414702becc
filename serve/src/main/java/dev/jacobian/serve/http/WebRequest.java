// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Semaphore;

/** One request and its response. For the thread that handles it. */
public final class WebRequest {
    private static final String JSON = "application/json";

    /**
     * Bodies that are parsed at a time, in the whole process: a tree takes many times the memory of its text, and parsing is
     * short.
     */
    private static final Semaphore PARSING = new Semaphore(2);

    private final HttpExchange exchange;
    private final String id;
    private final String rest;
    private final WebLimits limits;
    private final WriteLimit writes;

    WebRequest(HttpExchange exchange, String id, String rest, WebLimits limits, WriteLimit writes) {
        this.exchange = exchange;
        this.id = id;
        this.rest = rest;
        this.limits = limits;
        this.writes = writes;
    }

    /** What identifies the request in the log and, as {@code x-request-id}, in the response. */
    public String id() {
        return id;
    }

    /** The path behind the route's, for a route that ends with a slash. */
    public String rest() {
        return rest;
    }

    /** What requests may cost here. */
    public WebLimits limits() {
        return limits;
    }

    /** A header of the request. */
    public Optional<String> header(String name) {
        return Optional.ofNullable(exchange.getRequestHeaders().getFirst(name));
    }

    /** A parameter behind the path's question mark, the first of its name. */
    public Optional<String> query(String name) {
        String all = exchange.getRequestURI().getRawQuery();
        return all == null
                ? Optional.empty()
                : Arrays.stream(all.split("&"))
                        .filter(pair -> pair.startsWith(name + "="))
                        .findFirst()
                        .map(pair -> URLDecoder.decode(pair.substring(name.length() + 1), StandardCharsets.UTF_8));
    }

    /**
     * The body as JSON.
     *
     * @throws WebException if it is not JSON, too long, or not declared as JSON: a page from elsewhere can make a browser send
     *     anything else without being asked
     */
    public JsonNode json() throws IOException, InterruptedException {
        requireType(JSON);
        byte[] body = bytes();
        PARSING.acquire();
        try {
            return Json.parse(body, "the request's body");
        } catch (FormatException e) {
            throw WebException.malformed(e.where() + ": " + e.what());
        } finally {
            PARSING.release();
        }
    }

    /**
     * The body as it is.
     *
     * @throws WebException if it is too long, or declared as another type: see {@link #json}
     */
    public byte[] bytes(String type) throws IOException {
        requireType(type);
        return bytes();
    }

    private void requireType(String wanted) {
        String type = header("Content-Type").orElse("").toLowerCase(Locale.ROOT);
        if (!type.split(";", 2)[0].strip().equals(wanted)) {
            throw new WebException(
                    415, "invalid_request_error", "the body must be declared as Content-Type: " + wanted, null, null);
        }
    }

    /**
     * The same whatever it is declared as.
     *
     * @throws WebException if it is longer than the limit
     */
    public byte[] bytes() throws IOException {
        int most = limits.bodyBytes();
        if (header("Content-Length").filter(length -> isLonger(length, most)).isPresent()) {
            throw tooLong(most);
        }
        byte[] body = exchange.getRequestBody().readNBytes(most + 1); // not closed: that waits for what is never sent
        if (body.length > most) {
            throw tooLong(most);
        }
        return body;
    }

    private static boolean isLonger(String length, int most) {
        return length.length() > 18 || Long.parseLong(length) > most; // the server has read it as a number before
    }

    private static WebException tooLong(int most) {
        return new WebException(
                413,
                "invalid_request_error",
                "the body is longer than " + most + " bytes, the most that is read here",
                null,
                "request_too_large");
    }

    /** Answers with JSON. */
    public void reply(int status, JsonNode json) throws IOException {
        reply(status, JSON, Json.compact(json).getBytes(StandardCharsets.UTF_8));
    }

    /** Answers with anything; to HEAD, with the headers that GET would have. */
    public void reply(int status, String type, byte[] body) throws IOException {
        setHeader("Content-Type", type);
        if (isHead()) {
            setHeader("Content-Length", String.valueOf(body.length));
            writes.run(() -> exchange.sendResponseHeaders(status, -1));
            return;
        }
        writes.run(() -> {
            exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
            if (body.length > 0) {
                exchange.getResponseBody().write(body);
            }
            exchange.getResponseBody().close();
        });
    }

    /** Answers with JSON that takes its time. */
    public SlowReply replyInTime() {
        return new SlowReply(this);
    }

    /** Answers with events, which are sent as they come. */
    public EventStream replyWithEvents() throws IOException {
        setHeader("Content-Type", "text/event-stream");
        setHeader("X-Accel-Buffering", "no"); // or a proxy collects them
        return new EventStream(this);
    }

    /** A header of the response; before it begins. */
    public void setHeader(String name, String value) {
        exchange.getResponseHeaders().set(name, value);
    }

    /** Begins a response whose length is not known. */
    void begin(int status) throws IOException {
        writes.run(() -> exchange.sendResponseHeaders(status, 0));
    }

    /** Sends a part of such a response at once. */
    void send(String text) throws IOException {
        writes.run(() -> {
            exchange.getResponseBody().write(text.getBytes(StandardCharsets.UTF_8));
            exchange.getResponseBody().flush();
        });
    }

    /** Ends such a response. */
    void end() throws IOException {
        writes.run(() -> exchange.getResponseBody().close());
    }

    /** Whether GET's headers are asked for alone, as monitors do. */
    private boolean isHead() {
        return exchange.getRequestMethod().equals("HEAD");
    }

    boolean hasBegun() {
        return exchange.getResponseCode() != -1;
    }
}
