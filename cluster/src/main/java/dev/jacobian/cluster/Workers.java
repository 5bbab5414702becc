// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.cluster.WorkerStatus.State;
import dev.jacobian.rl.rollout.Carrier;
import dev.jacobian.rl.weights.WeightImage;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationRequest;
import dev.jacobian.transformer.generation.Generator;
import dev.jacobian.transformer.generation.RequestListener;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;

/**
 * The workers of a run: a {@link Carrier} that has samples drawn on other machines.
 *
 * <pre>{@code
 * try (Workers workers = Workers.builder(List.of(URI.create("http://127.0.0.1:7070")), secret, folder).connect(model)) {
 *     new RlTrainer(model, task, config).rollouts(Rollouts.carried(model, task, workers)).train();
 * }
 * }</pre>
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>Who drew a sample is not known to anything that is computed: a sample follows from its request and the weights, so lost workers, late
 *       ones and samples that came twice change no bit of a run.
 *   <li>A thread for each worker, which asks for work as it has done its own; no plan that a worker could break.
 *   <li>If no worker is left, this process samples what is left over, a few samples at a time, and says so. A worker that comes back gets the
 *       rest.
 *   <li>What cannot be said in a message, such as sampling from a mixture with another model, is sampled here, which is said once.
 * </ul>
 */
public final class Workers implements Carrier, AutoCloseable {
    private static final Duration CONNECT = Duration.ofSeconds(3);
    private static final int LOCAL_SAMPLES = 16;
    private static final long LOOK_MILLIS = 100;

    private final Kit kit;
    private final Path checkpoint;
    private final String session = Seal.random();
    private final String name;
    private final Duration timeout;
    private final Duration patience;
    private final Duration grace;
    private final Consumer<String> log;
    private final HttpClient http;
    private final List<WorkerLink> links = new ArrayList<>();
    private final Set<String> saidOnce = new HashSet<>();

    // Guarded by this
    private @Nullable CausalLM policy; // null before the first publish
    private long version;
    private boolean isFresh; // whether the policy changed since the last publication
    private @Nullable Publication publication; // null before the first wave
    private @Nullable Wave wave; // null while nothing is asked
    private long waves;
    private long deadSince; // 0 while somebody lives
    private Totals totals = Totals.NONE;

    /**
     * What was done so far.
     *
     * @param local samples that this process drew, because no worker was left
     * @param reassigned samples that went to another worker
     * @param dropped results that came a second time
     * @param weightBytes that were sent for weights
     * @param fullBytes what full copies in their place would have taken
     * @param publishSeconds the time of it, over all workers
     */
    record Totals(long local, long reassigned, long dropped, long weightBytes, long fullBytes, double publishSeconds) {
        static final Totals NONE = new Totals(0, 0, 0, 0, 0, 0);

        Totals minus(Totals before) {
            return new Totals(
                    local - before.local,
                    reassigned - before.reassigned,
                    dropped - before.dropped,
                    weightBytes - before.weightBytes,
                    fullBytes - before.fullBytes,
                    publishSeconds - before.publishSeconds);
        }
    }

    private Workers(Builder builder, CausalLM model) {
        kit = Kit.of(model, builder.checkpoint);
        checkpoint = builder.checkpoint;
        name = builder.name;
        timeout = builder.timeout;
        patience = builder.patience;
        grace = builder.grace;
        log = builder.log;
        HttpClient.Builder client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(CONNECT);
        builder.trust.ifPresent(client::sslContext);
        http = client.build();
        for (URI address : builder.addresses) {
            links.add(new WorkerLink(this, address, new WorkerClient(http, address, builder.secret, timeout)));
        }
    }

    /**
     * Workers at addresses.
     *
     * @param addresses {@code http://HOST:PORT} or {@code https://HOST:PORT}, each once
     * @param secret theirs too
     * @param checkpoint the folder or GGUF file that the model was loaded from
     * @throws IllegalArgumentException if an address is none, or stands there twice
     */
    public static Builder builder(List<URI> addresses, Secret secret, Path checkpoint) {
        return new Builder(addresses, secret, checkpoint);
    }

    private void connect() {
        links.forEach(WorkerLink::start);
        long end = System.nanoTime() + timeout.toNanos();
        try {
            synchronized (this) {
                while (!links.stream().allMatch(WorkerLink::isTried) && System.nanoTime() < end) {
                    wait(LOOK_MILLIS);
                }
            }
        } catch (InterruptedException e) {
            close();
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while workers were greeted", e);
        }
        Optional<WorkerLink> refused =
                links.stream().filter(link -> link.state() == State.REFUSED).findFirst();
        if (refused.isPresent() || links.stream().noneMatch(WorkerLink::isLive)) {
            String why = links.stream()
                    .filter(link -> !link.isLive())
                    .map(link -> link.status().address() + ": " + link.detail())
                    .collect(Collectors.joining("; "));
            close();
            throw new IllegalArgumentException(
                    (refused.isPresent() ? "a worker cannot be used: " : "no worker answers: ") + why);
        }
    }

    // For links

    Kit kit() {
        return kit;
    }

    Path checkpoint() {
        return checkpoint;
    }

    String session() {
        return session;
    }

    String name() {
        return name;
    }

    Duration patience() {
        return patience;
    }

    void tell(String message) {
        log.accept(message);
    }

    synchronized void changed() {
        notifyAll();
    }

    synchronized Optional<Wave> wave() {
        return Optional.ofNullable(wave);
    }

    /** The wave under way; waits a while for one. */
    synchronized Optional<Wave> awaitWave(long millis) throws InterruptedException {
        long end = System.nanoTime() + millis * 1_000_000;
        while (wave == null || wave.isOver()) {
            long left = (end - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                return Optional.empty();
            }
            wait(left);
        }
        return Optional.of(wave);
    }

    /** A worker's part of the speed of all that live. */
    double share(WorkerLink link) {
        List<WorkerLink> live = links.stream().filter(WorkerLink::isLive).toList();
        double sum = live.stream().mapToDouble(WorkerLink::speed).sum();
        boolean isKnown = live.stream().allMatch(one -> one.speed() > 0);
        return isKnown ? Math.min(1, link.speed() / sum) : 1.0 / Math.max(1, live.size());
    }

    synchronized void brought(long bytes, long full, long nanos) {
        totals = new Totals(
                totals.local,
                totals.reassigned,
                totals.dropped,
                totals.weightBytes + bytes,
                totals.fullBytes + full,
                totals.publishSeconds + nanos / 1e9);
    }

    // The carrier

    @Override
    public synchronized void publish(CausalLM model, long number) {
        Product.requireCpu(model);
        policy = model;
        version = number;
        isFresh = true;
    }

    @Override
    public void carry(List<GenerationRequest> requests, long weights) {
        if (requests.isEmpty()) {
            return;
        }
        CausalLM own = policy(weights);
        Optional<ObjectNode> generation = sendable(requests);
        if (generation.isEmpty()) {
            if (saidOnce.add("generation")) {
                tell("some samples are drawn with settings that no message can have; they are sampled in this process");
            }
            new Generator(own).generate(requests);
            return;
        }
        Wave now = begin(own, generation.get(), requests);
        try {
            while (true) {
                Wave.@Nullable Delivery next = now.next(LOOK_MILLIS);
                if (next != null) {
                    next.request().listener().onFinish(next.sample(), next.generation());
                } else if (now.isOver()) {
                    break;
                } else if (isAlone()) {
                    sampleHere(own, now);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while workers sampled", e);
        } finally {
            end(now);
        }
    }

    private synchronized CausalLM policy(long weights) {
        if (policy == null || version != weights) {
            throw new IllegalStateException("samples of weights " + weights + " are asked for, and "
                    + (policy == null ? "none" : Long.toString(version)) + " were published last");
        }
        return policy;
    }

    /** The settings of all requests, if they are the same and can be sent. */
    private static Optional<ObjectNode> sendable(List<GenerationRequest> requests) {
        boolean same = requests.stream()
                .allMatch(request -> request.config().equals(requests.getFirst().config()));
        return same ? WorkWire.generation(requests.getFirst().config()) : Optional.empty();
    }

    private Wave begin(CausalLM own, ObjectNode generation, List<GenerationRequest> requests) {
        Publication current = published(own);
        synchronized (this) {
            waves += 2; // the number between ends a wave
            Wave now = new Wave(waves, current, generation, requests, links.size());
            wave = now;
            deadSince = 0;
            notifyAll();
            return now;
        }
    }

    /** The weights as they are sent; made when they are first sampled with, since not every step's are. */
    private Publication published(CausalLM own) {
        synchronized (this) {
            if (publication != null && !isFresh) {
                return publication;
            }
        }
        WeightImage image = WeightImage.of(own);
        String proof = Product.proof(own);
        synchronized (this) {
            Optional<WeightImage> before = Optional.ofNullable(publication).map(Publication::image);
            publication = new Publication(version, image, before, proof);
            isFresh = false;
            return publication;
        }
    }

    private synchronized void end(Wave now) {
        wave = null;
        totals = new Totals(
                totals.local,
                totals.reassigned + now.reassigned(),
                totals.dropped + now.dropped(),
                totals.weightBytes,
                totals.fullBytes,
                totals.publishSeconds);
        if (now.dropped() > 0) {
            tell(now.dropped() + " samples came twice; the first of each was taken");
        }
    }

    /** Whether no worker has lived for a while. */
    private synchronized boolean isAlone() {
        if (links.stream().anyMatch(WorkerLink::isLive)) {
            deadSince = 0;
            return false;
        }
        long now = System.nanoTime();
        if (deadSince == 0) {
            deadSince = now;
        }
        return now - deadSince >= grace.toNanos();
    }

    private void sampleHere(CausalLM own, Wave now) {
        List<WorkWire.Item> items = now.take(this, (double) LOCAL_SAMPLES / 1000, Long.MAX_VALUE);
        if (items.isEmpty()) {
            return;
        }
        tell("no worker is left: this process samples in their place until one is back");
        List<GenerationRequest> requests = new ArrayList<>();
        long samples = 0;
        for (WorkWire.Item item : items) {
            requests.add(now.request(item).withListener(new RequestListener() {
                @Override
                public void onFinish(int sample, Generation generation) {
                    now.accept(new WorkWire.Done(item.id(), sample, generation));
                }
            }));
            samples += item.samples();
        }
        new Generator(own).generate(requests);
        synchronized (this) {
            totals = new Totals(
                    totals.local + samples,
                    totals.reassigned,
                    totals.dropped,
                    totals.weightBytes,
                    totals.fullBytes,
                    totals.publishSeconds);
        }
    }

    // Seen

    /** Every worker as it is now, in the order of their addresses. */
    public List<WorkerStatus> status() {
        return links.stream().map(WorkerLink::status).toList();
    }

    synchronized Totals totals() {
        return totals;
    }

    /** Lets workers forget the run, and ends. */
    @Override
    public void close() {
        links.forEach(WorkerLink::close);
        try {
            for (WorkerLink link : links) {
                link.join(Duration.ofSeconds(1));
            }
            links.forEach(WorkerLink::farewell);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        http.shutdownNow();
    }

    /** Builds {@link Workers}. */
    public static final class Builder {
        private final List<URI> addresses;
        private final Secret secret;
        private final Path checkpoint;
        private String name = "pid " + ProcessHandle.current().pid();
        private Duration timeout = Duration.ofSeconds(15);
        private Duration patience = Duration.ofSeconds(10);
        private Duration grace = Duration.ofSeconds(2);
        private Optional<SSLContext> trust = Optional.empty();
        private Consumer<String> log = line -> {};

        private Builder(List<URI> addresses, Secret secret, Path checkpoint) {
            this.addresses = List.copyOf(addresses);
            this.secret = Objects.requireNonNull(secret);
            this.checkpoint = checkpoint;
            if (addresses.isEmpty() || new HashSet<>(addresses).size() != addresses.size()) {
                throw new IllegalArgumentException("workers are one or more addresses, each once; got " + addresses);
            }
            addresses.forEach(Builder::check);
        }

        private static void check(URI address) {
            boolean isWeb = "http".equals(address.getScheme()) || "https".equals(address.getScheme());
            String rest = address.getRawPath();
            boolean isMore = rest != null && !rest.isEmpty() && !rest.equals("/")
                    || address.getRawQuery() != null
                    || address.getRawUserInfo() != null
                    || address.getRawFragment() != null;
            if (!isWeb || address.getHost() == null || address.getPort() < 0 || isMore) {
                throw new IllegalArgumentException(
                        "a worker's address is http://HOST:PORT or https://HOST:PORT, not '" + address + "'");
            }
        }

        /** What the master calls itself in the workers' logs. */
        public Builder name(String value) {
            name = value;
            return this;
        }

        /** How long an answer may take before a worker is lost; usually 15 seconds. */
        public Builder timeout(Duration value) {
            timeout = value;
            return this;
        }

        /** How long a worker may have samples before one that is idle does them too; usually 10 seconds. */
        public Builder patience(Duration value) {
            patience = value;
            return this;
        }

        /** How long no worker may be left before this process samples; usually 2 seconds. */
        public Builder grace(Duration value) {
            grace = value;
            return this;
        }

        /** Whose certificates are believed ({@link Tls#trusting}); usually those that the JDK believes. */
        public Builder trust(SSLContext context) {
            trust = Optional.of(context);
            return this;
        }

        /** Is told what happens to workers, from several threads. */
        public Builder log(Consumer<String> listener) {
            log = listener;
            return this;
        }

        /**
         * Greets the workers and begins to send them the model.
         *
         * @throws IllegalArgumentException if none answers, or one cannot be used: another version, secret or model
         */
        public Workers connect(CausalLM model) {
            Workers workers = new Workers(this, model);
            workers.connect();
            return workers;
        }
    }
}
