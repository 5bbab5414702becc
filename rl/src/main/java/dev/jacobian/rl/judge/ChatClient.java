// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.judge;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.Printable;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;

/**
 * Asks for chat completions, again where an error may pass. What a server sends is bounded in time and size, and is quoted in messages in
 * part, without control characters and without the key, which a server may repeat.
 */
final class ChatClient {
    /** Longest answer that is read, in bytes. */
    private static final int MAX_BODY = 4 << 20;

    /** The longest that a server can make one wait, in seconds. */
    private static final double MAX_WAIT = 60;

    private static final int EXCERPT = 200;

    private final RemoteJudgeConfig config;
    private final Optional<String> key;
    private final URI uri;
    private final HttpClient client;
    private volatile String waitsFor = "";

    /** What was asked has no answer. */
    static final class AskException extends Exception {
        private static final long serialVersionUID = 1L;

        AskException(String message) {
            super(message);
        }

        @Override
        public String getMessage() {
            return String.valueOf(super.getMessage());
        }
    }

    ChatClient(RemoteJudgeConfig config, Optional<String> key) {
        this.config = config;
        this.key = key;
        this.uri = uri(config.url());
        this.client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1) // servers exist that take an offer of HTTP/2 amiss
                .connectTimeout(timeout(config))
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
    }

    private static URI uri(String url) {
        String base = url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
        if (!base.matches("https?://.+")) {
            throw new IllegalArgumentException("url must begin with http:// or https://, got '" + url + "'");
        }
        try {
            return new URI(base + "/chat/completions");
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("url is no address: " + e.getReason() + " in '" + url + "'", e);
        }
    }

    private static Duration timeout(RemoteJudgeConfig config) {
        return Duration.ofMillis(Math.max(1, (long) (config.requestTimeout() * 1000)));
    }

    /** How a request ended. */
    private sealed interface Reply {}

    /**
     * With an answer.
     *
     * @param isCut whether the model had no more tokens for it
     */
    record Answered(String text, boolean isCut) implements Reply {}

    /** With what will not pass. */
    private record Refused(String why) implements Reply {}

    /**
     * With what may pass.
     *
     * @param advice what helps if it does not pass, as the end of a sentence
     * @param pause seconds that the server asks for; 0 if it says nothing
     */
    private record Passing(String why, String advice, double pause) implements Reply {
        Passing(String why, String advice) {
            this(why, advice, 0);
        }
    }

    /** Why it has asked again last, and has no answer yet; empty if it did not. */
    Optional<String> trouble() {
        return Optional.of(waitsFor).filter(why -> !why.isEmpty());
    }

    /**
     * What a request is answered with.
     *
     * @param request JSON
     * @throws AskException if there is none, with the last reason
     */
    Answered ask(String request) throws AskException, InterruptedException {
        for (int attempt = 0; ; attempt++) {
            switch (send(request)) {
                case Answered answer -> {
                    waitsFor = "";
                    return answer;
                }
                case Refused(String why) -> throw new AskException(why);
                case Passing(String why, String advice, double pause) -> {
                    if (attempt >= config.retries()) {
                        String tries = attempt == 0
                                ? ""
                                : ", and " + attempt + (attempt == 1 ? " more try" : " more tries") + " did not help";
                        throw new AskException(why + tries + advice);
                    }
                    waitsFor = why;
                    double seconds = Math.max(pause, config.backoff() * Math.scalb(1.0, Math.min(attempt, 20)));
                    Thread.sleep(Duration.ofMillis((long) (1000 * Math.min(MAX_WAIT, seconds))));
                }
            }
        }
    }

    private Reply send(String request) throws InterruptedException {
        HttpRequest.Builder builder = HttpRequest.newBuilder(uri)
                .header("Content-Type", "application/json")
                .timeout(timeout(config))
                .POST(HttpRequest.BodyPublishers.ofString(request, StandardCharsets.UTF_8));
        key.ifPresent(secret -> builder.header("Authorization", "Bearer " + secret));
        CompletableFuture<HttpResponse<String>> sent = client.sendAsync(
                builder.build(), BodyHandlers.limiting(BodyHandlers.ofString(StandardCharsets.UTF_8), MAX_BODY));
        try {
            return reply(sent.get((long) (config.requestTimeout() * 1e9), TimeUnit.NANOSECONDS));
        } catch (TimeoutException e) { // of the whole answer: the request's own timeout ends with the headers
            return late();
        } catch (ExecutionException e) {
            return e.getCause() instanceof IOException failure
                    ? unsent(failure)
                    : new Refused(safe(String.valueOf(e.getCause())));
        } finally {
            sent.cancel(true);
        }
    }

    private Passing late() {
        return new Passing("no answer within " + config.requestTimeout() + " s (request_timeout)", "");
    }

    /** What a request came to that got no answer. The JDK's words for the commonest cases are class names without a message. */
    private Reply unsent(IOException failure) {
        String place = uri.getRawAuthority();
        return switch (failure) {
            case HttpConnectTimeoutException slow ->
                new Passing(
                        "no connection to " + place + " within " + config.requestTimeout() + " s (request_timeout)",
                        "; correct url, or mend the network");
            case HttpTimeoutException slow -> late();
            case ConnectException refused
            when refused.getCause() instanceof UnresolvedAddressException ->
                new Passing("there is no host '" + uri.getHost() + "'", "; correct url, or mend the network");
            case ConnectException refused ->
                new Passing("nobody takes connections at " + place, "; start the server there, or correct url");
            case SSLException insecure ->
                new Refused("no secure connection to " + place + ": " + safe(String.valueOf(insecure.getMessage()))
                        + "; is it http:// there?");
            default -> {
                String why = safe(String.valueOf(failure.getMessage()));
                yield why.contains("body exceeds capacity")
                        ? new Refused("its answer is longer than " + (MAX_BODY >> 20) + " MiB")
                        : new Passing("the connection ended without a whole answer (" + why + ")", "");
            }
        };
    }

    private Reply reply(HttpResponse<String> response) {
        int status = response.statusCode();
        String body = response.body();
        if (status == 200) {
            return answer(body)
                    .orElseGet(() -> new Refused("it sent no chat completion: " + safe(body)
                            + "; url is the address before /chat/completions, such as http://HOST:PORT/v1"));
        }
        String why = "status " + status + ": " + safe(body);
        boolean passes = status == 408 || status == 429 || status >= 500;
        return passes ? new Passing(why, "", retryAfter(response)) : new Refused(why + advice(status, response));
    }

    /** What helps against a refusal, as the end of a sentence. */
    private String advice(int status, HttpResponse<String> response) {
        return switch (status) {
            case 301, 302, 303, 307, 308 ->
                "; it sends one on to "
                        + safe(response.headers().firstValue("Location").orElse("nowhere"))
                        + ", where no key is sent; name the right address in url";
            case 401, 403 ->
                key.isPresent()
                        ? "; correct the key in " + config.apiKeyEnv()
                        : "; it wants a key, and " + config.apiKeyEnv() + " (api_key_env) is not set";
            case 404 -> "; url is the address before /chat/completions, and model a name that is served there";
            default -> "";
        };
    }

    /** The text of a chat completion; empty if it is none. */
    private static Optional<Reply> answer(String body) {
        try {
            JsonNode choice = Json.parse(body, "the answer").path("choices").path(0);
            return Optional.ofNullable(choice.path("message").path("content").textValue())
                    .map(text -> new Answered(
                            text, choice.path("finish_reason").asText().equals("length")));
        } catch (FormatException noJson) {
            return Optional.empty();
        }
    }

    private static double retryAfter(HttpResponse<String> response) {
        return response.headers()
                .firstValue("Retry-After")
                .filter(text -> text.matches("[0-9]{1,6}(\\.[0-9]{1,6})?"))
                .map(Double::parseDouble)
                .orElse(0.0);
    }

    private String safe(String text) {
        return excerpt(key.map(secret -> text.replace(secret, "***")).orElse(text));
    }

    /** The beginning of a text, on one line. */
    static String excerpt(String text) {
        String line = Printable.of(text.strip().replaceAll("\\s+", " "));
        return line.length() <= EXCERPT ? line : line.substring(0, EXCERPT) + " …";
    }
}
