// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.serve.http.Access;
import dev.jacobian.serve.http.ApiKey;
import dev.jacobian.serve.http.WebLimits;
import dev.jacobian.serve.http.WebRequest;
import dev.jacobian.serve.http.WebServer;
import dev.jacobian.tensor.ComputePool;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;

/**
 * A worker: samples for masters, which send it everything that it needs.
 *
 * <pre>{@code
 * try (WorkerServer worker = WorkerServer.builder(Secret.read(file)).start(new InetSocketAddress("127.0.0.1", 7070))) {
 *     System.in.read();
 * }
 * }</pre>
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>The worker listens and never asks, so it needs to know nobody; the master asks for results, which says at the same time that both are
 *       alive.
 *   <li>Nothing is done for a request before its code is right and it is new ({@link Seal}, {@link Channels}); its length is bounded before it
 *       is read, and few are read at a time.
 *   <li>What it has is for as long as it runs. A worker that is started again knows nothing, says so, and is sent what it lacks.
 *   <li>A few masters at a time ({@value #MOST_SESSIONS}); one that was not heard of for {@value #SILENCE_SECONDS} seconds makes room for
 *       another, and nothing is computed for it meanwhile.
 * </ul>
 */
public final class WorkerServer implements AutoCloseable {
    private static final int MOST_SESSIONS = 4;
    private static final long SILENCE_SECONDS = 60;
    private static final long LOOK_SECONDS = 5;
    private static final int MOST_AT_ONCE = 16;
    private static final String ROUTE = "/v1/";

    private final Secret secret;
    private final Consumer<String> log;
    private final String instance = Seal.random();
    private final Channels channels = new Channels();
    private final Semaphore room = new Semaphore(MOST_AT_ONCE);
    private final ExecutorService slow;
    private final ScheduledExecutorService clock;
    private final Scratch scratch;
    private final KitStore store;
    private final Map<String, WorkerSession> sessions = new LinkedHashMap<>();
    private final Map<String, SlowWork> slowWork = new LinkedHashMap<>();
    private final WebServer web;

    private WorkerServer(Builder builder, InetSocketAddress address) throws IOException {
        secret = builder.secret;
        log = builder.log;
        if (secret.isNone() && !address.getAddress().isLoopbackAddress()) {
            throw new IllegalArgumentException("without a secret only this machine may ask, and "
                    + address.getAddress().getHostAddress()
                    + " can be reached from others. Give a secret, or use 127.0.0.1");
        }
        slow = Executors.newThreadPerTaskExecutor(
                Thread.ofPlatform().daemon().name("jacobian-worker-", 0).factory());
        clock = Executors.newSingleThreadScheduledExecutor(
                Thread.ofPlatform().daemon().name("jacobian-worker-clock").factory());
        scratch = Scratch.in(builder.scratch);
        store = new KitStore(scratch.files());
        // Whoever has the secret may come from anywhere; the codes decide, not the server's own key, which nobody has.
        Access access = secret.isNone() ? Access.local() : new Access(Optional.of(ApiKey.of(Seal.random())), List.of());
        WebServer.Builder server = WebServer.builder()
                .access(access)
                .limits(WebLimits.DEFAULT.withBodyBytes(Message.MOST_BYTES))
                .publicRoute("POST", ROUTE, this::handle);
        builder.tls.ifPresent(server::secure);
        try {
            web = server.start(address);
            var unused = clock.scheduleWithFixedDelay(this::rest, LOOK_SECONDS, LOOK_SECONDS, TimeUnit.SECONDS);
        } catch (IOException | RuntimeException e) {
            clock.shutdownNow();
            slow.shutdownNow();
            scratch.close();
            throw e;
        }
    }

    /**
     * A worker.
     *
     * @param secret that masters must have too; {@link Secret#NONE} for this machine alone
     */
    public static Builder builder(Secret secret) {
        return new Builder(secret);
    }

    /** Where it listens; with the port that was found, if 0 was asked for. */
    public InetSocketAddress address() {
        return web.address();
    }

    private void handle(WebRequest request) throws IOException, InterruptedException {
        if (!room.tryAcquire()) {
            request.reply(503, "text/plain", new byte[0]);
            return;
        }
        try {
            byte[] body = request.bytes();
            String code = request.header(Seal.CODE).orElse("");
            Answer answer = answer(request, body, code);
            byte[] bytes = answer.message.toBytes();
            request.setHeader(Seal.CODE, Seal.ofAnswer(secret, answer.status, code, bytes));
            request.reply(answer.status, "application/octet-stream", bytes);
        } finally {
            room.release();
        }
    }

    private record Answer(int status, Message message) {}

    private Answer answer(WebRequest request, byte[] body, String code) throws InterruptedException {
        try {
            Seal.Place place = Seal.Place.parse(request.header(Seal.PLACE).orElse(""));
            String path = ROUTE + request.rest();
            String own = Seal.ofRequest(
                    secret, path, place, request.header(Seal.NONCE).orElse(""), body);
            if (!Seal.isSame(own, code)) {
                log.accept("refused a request: its code is not made with this worker's secret");
                return new Answer(401, error(Refusal.Kind.FOREIGN, "the code is not made with this worker's secret"));
            }
            Message message = Message.read(body, "a request");
            boolean isHello = request.rest().equals("hello");
            if (!isHello && !place.instance().equals(instance)) {
                throw new Refusal(Refusal.Kind.UNKNOWN, "the worker was started again");
            }
            if (!isHello && !channels.admits(place)) {
                log.accept("refused a request: it was sent before, or came out of order");
                throw new Refusal(Refusal.Kind.UNKNOWN, "the request was sent before, or its channel is closed");
            }
            return new Answer(200, isHello ? hello(message) : answer(request.rest(), message));
        } catch (Refusal e) {
            return new Answer(e.status(), error(e.kind(), String.valueOf(e.getMessage())));
        } catch (FormatException e) {
            return new Answer(400, error(Refusal.Kind.BROKEN, e.where() + ": " + e.what()));
        } catch (IllegalArgumentException e) {
            return new Answer(400, error(Refusal.Kind.BROKEN, String.valueOf(e.getMessage())));
        }
    }

    private static Message error(Refusal.Kind kind, String text) {
        return Message.of(Json.object().put("kind", kind.name()).put("message", text));
    }

    private Message hello(Message message) {
        Product.require(message, "the master");
        ObjectNode self = Product.self()
                .put("instance", instance)
                .put("channel", channels.open())
                .put("threads", ComputePool.threads());
        return Message.of(self);
    }

    private Message answer(String what, Message message) throws InterruptedException {
        String id = message.text("session");
        if (what.equals("open")) {
            return open(id, message);
        }
        WorkerSession session = session(id);
        session.heard();
        return switch (what) {
            case "chunk" -> {
                KitFile file = session.kit().files().get(Math.toIntExact(message.number("file")));
                store.accept(file, Math.toIntExact(message.number("chunk")), message.body());
                yield Message.of(Json.object());
            }
            case "load" ->
                slowly(id, "load", () -> {
                    session.load(store);
                    return session.weights();
                });
            case "weights" -> {
                int[] missing = session.expect(message.body());
                ByteBuffer body = ByteBuffer.allocate(missing.length * Integer.BYTES);
                body.asIntBuffer().put(missing);
                yield new Message(Json.object(), body.array());
            }
            case "pieces" -> {
                session.accept(message.text("weights"), message.body());
                yield Message.of(Json.object());
            }
            case "use" -> {
                String weights = message.text("weights");
                yield slowly(id, "use " + weights, () -> session.use(weights));
            }
            case "work" -> {
                session.work(
                        message.number("wave"),
                        message.text("weights"),
                        WorkWire.generation((ObjectNode) message.head().path("generation")),
                        WorkWire.items(message.body()));
                yield Message.of(Json.object());
            }
            case "results" -> results(session, message);
            case "close" -> {
                close(id);
                yield Message.of(Json.object());
            }
            default -> throw new Refusal(Refusal.Kind.BROKEN, "there is no '" + what + "' here");
        };
    }

    private Message slowly(String id, String name, Supplier<String> work) throws InterruptedException {
        SlowWork running;
        synchronized (this) {
            running = Objects.requireNonNull(slowWork.get(id));
        }
        Optional<String> result = running.ask(name, work);
        ObjectNode head = Json.object().put("done", result.isPresent());
        result.ifPresent(text -> head.put("result", text));
        return Message.of(head);
    }

    private static Message results(WorkerSession session, Message message) throws InterruptedException {
        Outbox outbox = session.outbox();
        if (outbox.epoch() != message.number("wave")) {
            throw new Refusal(Refusal.Kind.UNKNOWN, "nothing is under way of that wave");
        }
        Outbox.Parcel parcel = outbox.fetch(message.number("received"), Math.min(5_000, message.number("wait")));
        ObjectNode head = Json.object()
                .put("last", parcel.last())
                .put("tokens", outbox.tokens())
                .put("running", outbox.running());
        parcel.failure().ifPresent(text -> head.put("failure", text));
        return new Message(head, WorkWire.results(parcel.results()));
    }

    private Message open(String id, Message message) {
        Kit kit = Kit.read(message.head().path("kit"));
        WorkerSession session = session(id, kit, message.text("master"));
        session.heard();
        ObjectNode head = Json.object()
                .put("loaded", session.isLoaded())
                .put("weights", session.weights())
                .put("used", session.used());
        ObjectNode missing = head.putObject("missing");
        if (!session.isLoaded()) {
            store.missing(kit).forEach((file, chunks) -> {
                var list = missing.putArray(file);
                chunks.forEach(list::add);
            });
        }
        return Message.of(head);
    }

    private synchronized WorkerSession session(String id) {
        WorkerSession session = sessions.get(id);
        if (session == null) {
            throw new Refusal(Refusal.Kind.UNKNOWN, "the session is not known here");
        }
        return session;
    }

    private synchronized WorkerSession session(String id, Kit kit, String master) {
        WorkerSession known = sessions.get(id);
        if (known != null && known.kit().equals(kit)) {
            return known;
        }
        if (known != null) {
            close(id);
        }
        if (sessions.size() >= MOST_SESSIONS) {
            String quiet = sessions.entrySet().stream()
                    .max(Comparator.comparing(entry -> entry.getValue().silence()))
                    .filter(entry -> entry.getValue().silence().toSeconds() >= SILENCE_SECONDS)
                    .map(Map.Entry::getKey)
                    .orElseThrow(() -> new Refusal(
                            Refusal.Kind.BUSY, "works for " + MOST_SESSIONS + " masters already; come again later"));
            close(quiet);
        }
        WorkerSession session = new WorkerSession(kit, master);
        sessions.put(id, session);
        slowWork.put(id, new SlowWork(slow));
        List<Kit> kits = new ArrayList<>();
        sessions.values().forEach(one -> kits.add(one.kit()));
        store.keep(kits);
        log.accept("master " + master + " begins a session");
        return session;
    }

    private synchronized void close(String id) {
        WorkerSession session = sessions.remove(id);
        slowWork.remove(id);
        if (session != null) {
            slow.execute(session::stop); // which waits for what it does
            log.accept("the session of master " + session.master() + " ends");
        }
    }

    /** Computes nothing for masters that have gone. */
    private synchronized void rest() {
        sessions.values().stream()
                .filter(session -> session.silence().toSeconds() >= SILENCE_SECONDS
                        && session.outbox().running() > 0)
                .forEach(session -> {
                    log.accept("master " + session.master() + " is silent; its work is given up");
                    slow.execute(session::stop);
                });
    }

    /** Ends at once; what is under way is sampled elsewhere. */
    @Override
    public void close() {
        web.stop(Duration.ZERO);
        synchronized (this) {
            List.copyOf(sessions.keySet()).forEach(this::close);
        }
        clock.shutdownNow();
        slow.shutdownNow();
        scratch.close();
    }

    /** Builds a {@link WorkerServer}. */
    public static final class Builder {
        private final Secret secret;
        private Optional<Path> scratch = Optional.empty();
        private Optional<SSLContext> tls = Optional.empty();
        private Consumer<String> log = line -> {};

        private Builder(Secret secret) {
            this.secret = secret;
        }

        /** Where the files of models are kept while it runs; usually the system's folder of temporary files. */
        public Builder scratch(Path folder) {
            scratch = Optional.of(folder);
            return this;
        }

        /** Speaks TLS ({@link Tls#ofKeyStore}). */
        public Builder secure(SSLContext context) {
            tls = Optional.of(context);
            return this;
        }

        /** Is told what happens. */
        public Builder log(Consumer<String> listener) {
            log = listener;
            return this;
        }

        /**
         * Begins to listen.
         *
         * @throws IllegalArgumentException if others can reach the address and there is no secret
         * @throws IOException if the address cannot be had
         */
        public WorkerServer start(InetSocketAddress address) throws IOException {
            return new WorkerServer(this, address);
        }
    }
}
