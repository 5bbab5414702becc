// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.Nullable;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLException;

/**
 * A master's requests to one worker, one at a time. An answer without the right code is none: whoever sent it, it was not a worker with this
 * secret.
 */
final class WorkerClient {
    private final HttpClient http;
    private final URI address;
    private final Secret secret;
    private final Duration patience;
    private final AtomicLong sent = new AtomicLong();
    private final AtomicLong lastHeard = new AtomicLong(System.nanoTime());
    private Seal.Place place = Seal.Place.NONE;

    /** @param patience how long an answer may take */
    WorkerClient(HttpClient http, URI address, Secret secret, Duration patience) {
        this.http = http;
        this.address = address;
        this.secret = secret;
        this.patience = patience;
    }

    /** Bytes that were sent to it. */
    long sent() {
        return sent.get();
    }

    /** When it was last heard of, as {@link System#nanoTime}. */
    long lastHeard() {
        return lastHeard.get();
    }

    /** Opens a channel; what the worker says of itself. */
    Message hello() throws IOException, InterruptedException {
        place = Seal.Place.NONE;
        Message answer = call("hello", Message.of(Product.self()));
        Product.require(answer, "the worker");
        place = new Seal.Place(answer.text("instance"), answer.text("channel"), 0);
        return answer;
    }

    /** The worker's process. */
    String instance() {
        return place.instance();
    }

    /**
     * Asks.
     *
     * @throws Refusal if the worker says no
     * @throws IOException if there is no answer, or none of a worker with this secret
     */
    Message call(String what, Message message) throws IOException, InterruptedException {
        String path = "/v1/" + what;
        byte[] body = message.toBytes();
        if (!place.equals(Seal.Place.NONE)) {
            place = new Seal.Place(place.instance(), place.channel(), place.number() + 1);
        }
        String nonce = Seal.random();
        String code = Seal.ofRequest(secret, path, place, nonce, body);
        HttpRequest request = HttpRequest.newBuilder(address.resolve(path))
                .header(Seal.PLACE, place.toString())
                .header(Seal.NONCE, nonce)
                .header(Seal.CODE, code)
                .header("Content-Type", "application/octet-stream")
                .timeout(patience)
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                .build();
        HttpResponse<byte[]> response = send(request);
        sent.addAndGet(body.length);
        byte[] bytes = response.body();
        String own = Seal.ofAnswer(secret, response.statusCode(), code, bytes);
        if (!Seal.isSame(own, response.headers().firstValue(Seal.CODE).orElse(""))) {
            throw new IOException("answered (HTTP " + response.statusCode()
                    + ") without the code that this secret makes; it is no worker, or has another secret");
        }
        lastHeard.set(System.nanoTime());
        try {
            Message answer = Message.read(bytes, "the worker's answer");
            if (response.statusCode() != 200) {
                throw new Refusal(Refusal.Kind.valueOf(answer.text("kind")), answer.text("message"));
            }
            return answer;
        } catch (FormatException e) {
            throw new IOException("answered with what is no message: " + e.what(), e);
        }
    }

    /**
     * Sends. On a thread of its own, so that an answer that stops in its middle is given up too; not by {@code sendAsync}, whose last step wants a
     * thread of the common pool, which may be long in coming while tensors are computed there.
     */
    private HttpResponse<byte[]> send(HttpRequest request) throws IOException, InterruptedException {
        FutureTask<HttpResponse<byte[]>> answer = new FutureTask<>(
                () -> http.send(request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), Message.MOST_BYTES)));
        Thread sender = Thread.ofVirtual().start(answer);
        try {
            return answer.get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new IOException("gave no answer for " + patience.toMillis() + " ms", e);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            throw new IOException(words(cause), cause);
        } finally {
            sender.interrupt();
        }
    }

    private static String words(@Nullable Throwable cause) {
        for (Throwable each = cause; each != null; each = each.getCause()) {
            if (each instanceof SSLException) {
                return "no TLS connection comes about (" + each.getMessage()
                        + "); is its certificate in the file of --worker-trust,"
                        + " and its address in the certificate?";
            }
        }
        for (Throwable each = cause; each != null; each = each.getCause()) {
            if (each.getMessage() != null) {
                return each.getMessage();
            }
        }
        return cause instanceof ConnectException ? "nobody listens there" : String.valueOf(cause);
    }

    /** Asks until work that takes long is done; its result. */
    String callSlow(String what, ObjectNode head) throws IOException, InterruptedException {
        while (true) {
            Message answer = call(what, Message.of(head));
            if (answer.head().path("done").asBoolean()) {
                return answer.text("result");
            }
        }
    }

    /** Numbers of a body. */
    static int[] ints(byte[] body) {
        int[] numbers = new int[body.length / Integer.BYTES];
        ByteBuffer.wrap(body).asIntBuffer().get(numbers);
        return numbers;
    }

    static ObjectNode of(String session) {
        return Json.object().put("session", session);
    }
}
