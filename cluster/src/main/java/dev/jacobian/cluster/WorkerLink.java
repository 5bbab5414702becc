// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.cluster.WorkerStatus.State;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.rl.weights.WeightPiece;
import dev.jacobian.tensor.Nullable;
import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.time.Duration;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A master's thread for one worker: greets it, sends it the model, weights and work, fetches results. Whatever goes wrong, what the worker had goes
 * back to the wave, and it is greeted again after a pause that grows; what it has already is not sent a second time.
 */
final class WorkerLink {
    private static final int PIECES_AT_ONCE = 6;
    private static final int ITEMS_BYTES = 8 << 20;
    private static final long POLL_MILLIS = 500;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

    private final Workers master;
    private final URI address;
    private final WorkerClient client;
    private final Thread thread;

    // Written by the thread, read by whoever looks
    private volatile State state = State.CONNECTING;
    private volatile String detail = "";
    private volatile long version = -1;
    private volatile int threads;
    private final AtomicLong samples = new AtomicLong();
    private final AtomicLong tokens = new AtomicLong();
    private final AtomicLong sampledTokens = new AtomicLong(); // of any use or not, while busy
    private final AtomicLong busyNanos = new AtomicLong();
    private volatile long busySince; // 0 while idle
    private volatile long firstHeard;
    private final AtomicInteger losses = new AtomicInteger();
    private volatile boolean tried;
    private volatile boolean closed;

    // Of the thread alone
    private String instance = "";
    private String used = ""; // weights that work can be asked for
    private String held = ""; // weights that it has
    private long received; // number of the last result
    private long wave = -1; // the last of which it was sent work

    WorkerLink(Workers master, URI address, WorkerClient client) {
        this.master = master;
        this.address = address;
        this.client = client;
        this.thread = Thread.ofPlatform()
                .daemon()
                .name("jacobian-link-" + address.getPort())
                .unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    void close() {
        closed = true;
        thread.interrupt();
    }

    void join(Duration patience) throws InterruptedException {
        var unused = thread.join(patience);
    }

    State state() {
        return state;
    }

    String detail() {
        return detail;
    }

    /** Whether it was greeted at least once, with whatever success. */
    boolean isTried() {
        return tried;
    }

    boolean isLive() {
        return state != State.LOST && state != State.REFUSED;
    }

    long sentBytes() {
        return client.sent();
    }

    /** Tokens per second while it sampled; 0 before it has. */
    double speed() {
        long busy = busy();
        return busy == 0 ? 0 : sampledTokens.get() / (busy / 1e9);
    }

    private long busy() {
        long since = busySince;
        return busyNanos.get() + (since == 0 ? 0 : System.nanoTime() - since);
    }

    WorkerStatus status() {
        long now = System.nanoTime();
        double known = firstHeard == 0 ? 0 : now - firstHeard;
        return new WorkerStatus(
                address.toString(),
                state,
                detail,
                version,
                threads,
                samples.get(),
                tokens.get(),
                speed(),
                known == 0 ? 0 : Math.clamp(1 - busy() / known, 0.0, 1.0),
                (now - client.lastHeard()) / 1e9,
                losses.get());
    }

    private void run() {
        int failures = 0;
        while (!closed) {
            try {
                begin();
                if (state == State.LOST) {
                    master.tell("worker " + address + " is back");
                }
                failures = 0;
                enter(State.IDLE, "");
                while (!closed) {
                    serve();
                }
            } catch (InterruptedException e) {
                if (!closed) {
                    lost("interrupted");
                }
                return;
            } catch (Refusal e) {
                String why = String.valueOf(e.getMessage());
                if (e.kind() == Refusal.Kind.FOREIGN) {
                    idle();
                    giveBack();
                    enter(State.REFUSED, why);
                    tried = true;
                    master.tell("worker " + address + " is not used: " + why);
                    return;
                }
                lost(why);
            } catch (IOException e) {
                lost(String.valueOf(e.getMessage()));
            } catch (FormatException e) {
                lost("sent what makes no sense: " + e.what());
            } catch (RuntimeException e) {
                lost("failed here: " + e);
            }
            failures++;
            pause(failures);
        }
    }

    private void pause(int failures) {
        long longest = Math.min(LONGEST_PAUSE.toMillis(), FIRST_PAUSE.toMillis() << Math.min(10, failures));
        try {
            Thread.sleep(longest);
        } catch (InterruptedException e) {
            closed = true;
        }
    }

    private void lost(String why) {
        idle();
        boolean isNews = state != State.LOST;
        int back = giveBack();
        used = "";
        enter(State.LOST, why);
        tried = true;
        if (isNews) {
            losses.incrementAndGet();
            master.tell(
                    "worker " + address + " is lost: " + why + (back > 0 ? "; " + back + " samples go to others" : ""));
        }
    }

    private int giveBack() {
        return master.wave().map(now -> now.giveBack(this)).orElse(0);
    }

    private void enter(State next, String why) {
        state = next;
        detail = why;
        master.changed();
    }

    private void busyNow() {
        if (busySince == 0) {
            busySince = System.nanoTime();
        }
    }

    private void idle() {
        if (busySince != 0) {
            busyNanos.addAndGet(System.nanoTime() - busySince);
            busySince = 0;
        }
    }

    // The talk

    /** Greets the worker and sees to it that it has the model. */
    private void begin() throws IOException, InterruptedException {
        if (state != State.LOST) {
            enter(State.CONNECTING, "");
        }
        Message self = client.hello();
        threads = Math.toIntExact(self.number("threads"));
        if (firstHeard == 0) {
            firstHeard = System.nanoTime();
        }
        if (!instance.equals(client.instance())) {
            if (!instance.isEmpty()) {
                master.tell("worker " + address + " was started again");
            }
            instance = client.instance();
            received = 0;
            wave = -1;
        }
        Message opened = open();
        for (Iterator<Map.Entry<String, JsonNode>> files = missing(opened); files.hasNext(); ) {
            Map.Entry<String, JsonNode> file = files.next();
            sendFile(file.getKey(), file.getValue());
        }
        if (!opened.head().path("loaded").asBoolean()) {
            held = client.callSlow("load", WorkerClient.of(master.session()));
            used = "";
        } else {
            held = opened.text("weights");
            used = opened.text("used");
        }
        tried = true;
    }

    private Message open() throws IOException, InterruptedException {
        var head = WorkerClient.of(master.session()).put("master", master.name());
        head.set("kit", master.kit().toJson());
        return client.call("open", Message.of(head));
    }

    private static Iterator<Map.Entry<String, JsonNode>> missing(Message opened) {
        return opened.head().path("missing").properties().iterator();
    }

    private void sendFile(String name, JsonNode chunks) throws IOException, InterruptedException {
        List<KitFile> files = master.kit().files();
        for (int f = 0; f < files.size(); f++) {
            if (!files.get(f).name().equals(name)) {
                continue;
            }
            try (FileChannel in = FileChannel.open(Kit.file(master.checkpoint(), files.get(f)))) {
                for (JsonNode chunk : chunks) {
                    byte[] content = KitFile.read(in, chunk.asInt());
                    var head = WorkerClient.of(master.session()).put("file", f).put("chunk", chunk.asInt());
                    client.call("chunk", new Message(head, content));
                }
            }
        }
    }

    /** One round: waits for a wave, brings its weights, takes items and follows them. */
    private void serve() throws IOException, InterruptedException {
        Optional<Wave> next = master.awaitWave(POLL_MILLIS * 4);
        if (next.isEmpty()) {
            ping();
            return;
        }
        Wave now = next.get();
        if (!used.equals(now.publication().id())) {
            enter(State.RECEIVING, "");
            bring(now.publication());
        }
        version = now.publication().version();
        List<WorkWire.Item> items =
                now.take(this, master.share(this), master.patience().toNanos());
        if (items.isEmpty()) {
            enter(State.IDLE, "");
            now.await(POLL_MILLIS);
            if (!now.isOver()) {
                ping();
            }
            return;
        }
        enter(State.SAMPLING, "");
        busyNow();
        try {
            ask(now, items);
            follow(now);
        } finally {
            idle();
        }
        enter(State.IDLE, "");
    }

    /** Says that one is there, and hears whether the other is. */
    private void ping() throws IOException, InterruptedException {
        Message opened = open();
        if (!opened.head().path("loaded").asBoolean()) {
            throw new Refusal(Refusal.Kind.UNKNOWN, "the worker has let the session go");
        }
        used = opened.text("used");
        held = opened.text("weights");
    }

    private void bring(Publication weights) throws IOException, InterruptedException {
        long begin = System.nanoTime();
        long before = client.sent();
        var head = WorkerClient.of(master.session());
        if (!held.equals(weights.id())) {
            int[] missing = WorkerClient.ints(client.call("weights", new Message(head, weights.manifest()))
                    .body());
            var naming = WorkerClient.of(master.session()).put("weights", weights.id());
            for (int from = 0; from < missing.length; from += PIECES_AT_ONCE) {
                int[] some = Arrays.copyOfRange(missing, from, Math.min(missing.length, from + PIECES_AT_ONCE));
                List<WeightPiece> pieces = weights.pieces(held, some);
                client.call("pieces", new Message(naming, Publication.bytes(pieces)));
            }
        }
        String proof = client.callSlow("use", WorkerClient.of(master.session()).put("weights", weights.id()));
        if (!proof.equals(weights.proof())) {
            throw new Refusal(
                    Refusal.Kind.FOREIGN,
                    "it computes other logits with the same weights: another arithmetic, or another model");
        }
        held = weights.id();
        used = weights.id();
        master.brought(client.sent() - before, weights.fullBytes(), System.nanoTime() - begin);
    }

    private void ask(Wave now, List<WorkWire.Item> items) throws IOException, InterruptedException {
        int from = 0;
        while (from < items.size()) {
            int to = from;
            long bytes = 0;
            while (to < items.size() && (to == from || bytes < ITEMS_BYTES)) {
                bytes += (long) Integer.BYTES * items.get(to).prefix().tokens().length;
                to++;
            }
            send(now.number(), now, items.subList(from, to));
            from = to;
        }
        wave = now.number();
    }

    private void send(long number, Wave now, List<WorkWire.Item> items) throws IOException, InterruptedException {
        var head = WorkerClient.of(master.session())
                .put("wave", number)
                .put("weights", now.publication().id());
        head.set("generation", now.generation());
        client.call("work", new Message(head, WorkWire.items(items)));
    }

    /** Fetches results until there is nothing left that this worker has. */
    private void follow(Wave now) throws IOException, InterruptedException {
        long worked = -1;
        while (now.has(this)) {
            Message answer = client.call(
                    "results",
                    Message.of(WorkerClient.of(master.session())
                            .put("wave", now.number())
                            .put("received", received)
                            .put("wait", POLL_MILLIS)));
            received = answer.number("last");
            long sampled = answer.number("tokens");
            if (worked >= 0) {
                sampledTokens.addAndGet(Math.max(0, sampled - worked));
            } else {
                sampledTokens.addAndGet(WorkWire.results(answer.body()).stream()
                        .mapToLong(done -> done.generation().tokenIds().length)
                        .sum());
            }
            worked = sampled;
            for (WorkWire.Done done : WorkWire.results(answer.body())) {
                if (now.accept(done)) {
                    samples.incrementAndGet();
                    tokens.addAndGet(done.generation().tokenIds().length);
                }
            }
            @Nullable JsonNode failure = answer.head().get("failure");
            if (failure != null) {
                throw new IOException("cannot sample: " + failure.asText());
            }
        }
        if (now.isOver() && isLeft()) {
            send(now.number() + 1, now, List.of()); // what others did sooner
        }
    }

    /** Whether the worker goes on with what is done already. */
    private boolean isLeft() throws IOException, InterruptedException {
        Message answer = client.call(
                "results",
                Message.of(WorkerClient.of(master.session())
                        .put("wave", wave)
                        .put("received", received)
                        .put("wait", 0)));
        return answer.number("running") > 0;
    }

    /** Lets the worker forget the session, if it answers. */
    void farewell() {
        try {
            if (isLive()) {
                client.call("close", Message.of(Json.object().put("session", master.session())));
            }
        } catch (IOException | Refusal e) {
            // it forgets by itself
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
