// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.training;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.rl.learn.Update;
import dev.jacobian.rl.loop.AdamParams;
import dev.jacobian.serve.http.WebException;
import dev.jacobian.serve.training.CheckpointPath.Kind;
import dev.jacobian.serve.training.Outcome.Blame;
import dev.jacobian.serve.training.Promises.Promise;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.AsyncEngine;
import dev.jacobian.transformer.generation.EngineConfig;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationRequest;
import dev.jacobian.transformer.generation.NeverFitsException;
import dev.jacobian.transformer.generation.TokenScore;
import dev.jacobian.transformer.lora.AdapterSource;
import dev.jacobian.transformer.lora.LoraPlan;
import dev.jacobian.transformer.lora.LoraTarget;
import dev.jacobian.transformer.plan.Head;
import dev.jacobian.transformer.plan.Role;
import dev.jacobian.transformer.plan.TensorSpec;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Models that clients train over one base: the verbs, whatever they come in over.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>A model is an adapter of its own over weights that all models share and nobody changes, so one client's steps are no part of
 *       another's, and a model's bits are those of {@link dev.jacobian.rl.loop.Trainer} called with the same data in the same order.
 *   <li>One thread trains, for all models, a request at a time: memory is that of one pass however many train, and each pass has
 *       all cores. What is asked of a model is done in its client's order ({@link RequestOrder}).
 *   <li>Sampling runs beside training, with copies of adapters that do not change ({@link Sampler}), and gives what {@code Generator}
 *       gives for the seed.
 *   <li>A session of which nothing is heard ends, and its models and samplers with it. What was saved stays.
 * </ul>
 */
final class TrainingService implements AutoCloseable {
    private static final Logger LOG = System.getLogger(TrainingService.class.getName());
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final Duration CHECK = Duration.ofSeconds(1);

    private final CausalLM base;
    private final CausalLM plain;
    private final String name;
    private final TrainingConfig config;
    private final EngineConfig engines;
    private final Supplier<Long> seeds;
    private final Clock clock;
    private final Promises promises;
    private final CheckpointStore checkpoints;
    private final Samplers samplers;
    private final Map<String, Session> sessions = new ConcurrentHashMap<>();
    private final Map<String, TrainedModel> models = new ConcurrentHashMap<>();
    private final ExecutorService lane = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("jacobian-training").factory());
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("jacobian-training-sessions").factory());

    /**
     * @param base a model with an adapter, whose weights all others share
     * @param name what clients call it
     * @param seeds of adapters and samples for which none is given
     */
    TrainingService(
            CausalLM base,
            String name,
            TrainingConfig config,
            EngineConfig engines,
            Supplier<Long> seeds,
            Clock clock) {
        this.base = base;
        this.plain = base.withoutAdapter();
        this.name = name;
        this.config = config;
        this.engines = engines;
        this.seeds = seeds;
        this.clock = clock;
        this.promises = new Promises(clock);
        this.checkpoints = new CheckpointStore(config.checkpoints(), clock);
        this.samplers = new Samplers(config.maxSamplers());
        var unused = timer.scheduleWithFixedDelay(
                this::endSilentSessions, CHECK.toMillis(), CHECK.toMillis(), TimeUnit.MILLISECONDS);
    }

    String name() {
        return name;
    }

    CausalLM base() {
        return base;
    }

    CheckpointStore checkpoints() {
        return checkpoints;
    }

    TrainingConfig config() {
        return config;
    }

    /** Something that was promised, if it is there in so long. */
    Optional<Outcome> await(String request, Duration patience) throws InterruptedException {
        return promises.await(request, patience);
    }

    // --- sessions
    // -----------------------------------------------------------------------------------------------------------

    Session createSession() {
        Session session = new Session(fresh("session_"), clock.instant());
        sessions.put(session.id(), session);
        return session;
    }

    /** A session, of which something has just been heard. */
    Session session(String id) {
        Session session = sessions.get(id);
        if (session == null) {
            throw WebException.notFound(
                    "there is no session '" + id + "'; nothing may have been heard of it for "
                            + config.sessionTimeout().toSeconds() + " s. Make one with create_session",
                    "unknown_session");
        }
        session.hear(clock.instant());
        return session;
    }

    List<Session> sessions() {
        return sessions.values().stream().toList();
    }

    private void endSilentSessions() {
        Instant limit = clock.instant().minus(config.sessionTimeout());
        for (Session session : sessions.values()) {
            if (session.heard().isBefore(limit)) {
                sessions.remove(session.id());
                LOG.log(
                        Level.INFO,
                        "nothing was heard of " + session.id() + " for "
                                + config.sessionTimeout().toSeconds() + " s; its "
                                + session.models().size() + " models and "
                                + session.samplers().size() + " samplers go");
                session.models().forEach(this::drop);
                session.samplers().forEach(samplers::remove);
            }
        }
    }

    private void drop(String id) {
        TrainedModel model = models.remove(id);
        if (model != null) {
            model.order().end(new Outcome.Failed("the model " + id + " has been unloaded", Blame.USER));
            lane.execute(model::close);
        }
    }

    private static String fresh(String prefix) {
        byte[] bytes = new byte[Integer.BYTES];
        RANDOM.nextBytes(bytes);
        return prefix + HexFormat.of().formatHex(bytes);
    }

    // --- models
    // -------------------------------------------------------------------------------------------------------------

    /** A model that is being trained, or that was asked for and fails to come about. */
    record Created(String request, String model) {}

    /**
     * A new model.
     *
     * @param number its place among the session's models
     * @param loaded the checkpoint that it begins with, and whether with its optimizer; none for a fresh adapter
     */
    synchronized Created createModel(
            Session session,
            OptionalInt number,
            String content,
            LoraSettings lora,
            JsonNode metadata,
            Optional<Loaded> loaded) {
        String key = "model " + (number.isPresent() ? number.getAsInt() : fresh("unnumbered "));
        Session.Made before = session.made().get(key);
        if (before != null) {
            if (!before.content().equals(content)) {
                throw new WebException(
                        409,
                        "invalid_request_error",
                        "model_seq_id " + number.getAsInt() + " of " + session.id() + " is another model",
                        "model_seq_id",
                        "conflict");
            }
            String[] parts = before.answer().split(" ", 2);
            return new Created(parts[0], parts[1]);
        }
        if (models.size() >= config.maxModels()) {
            throw new WebException(
                    429,
                    "rate_limit_error",
                    models.size()
                            + " models are trained here, as many as may be; unload one, or let the server hold more",
                    null,
                    "rate_limit_exceeded");
        }
        AdapterSource source = lora.fresh(linear(), head(), seeds.get());
        CausalLM adapted = base.withOtherAdapter(source);
        String id = fresh("model_");
        TrainedModel model = new TrainedModel(
                id,
                session,
                lora,
                metadata,
                clock.instant(),
                new RequestOrder(promises, lane),
                adapted,
                config.memory());
        loaded.ifPresent(from -> model.load(from.folder(), from.optimizer()));
        models.put(id, model);
        session.models().add(id);
        Promise promise = promises.open();
        ObjectNode answer =
                Json.object().put("model_id", id).put("type", loaded.isPresent() ? "load_weights" : "create_model");
        promise.outcome().complete(new Outcome.Done(answer));
        session.made().put(key, new Session.Made(content, promise.id() + " " + id));
        return new Created(promise.id(), id);
    }

    /** What a model begins with. */
    record Loaded(Path folder, boolean optimizer) {}

    private List<LoraTarget> linear() {
        return base.adapter().orElseThrow().plan().targets();
    }

    /** The path of the module that gives logits. */
    private String head() {
        TensorSpec head = plain.config().plan().head() instanceof Head.TiedTokens
                ? LoraPlan.tiedHead(plain.config().plan())
                : plain.config().plan().tensors().stream()
                        .filter(spec -> spec.role() == Role.HEAD && spec.kind() == TensorSpec.Kind.MATRIX)
                        .findFirst()
                        .orElseThrow();
        return head.layout().stored().replaceFirst("\\.weight$", "");
    }

    /** Refuses a base model that is not here. */
    void requireBase(String asked) {
        if (!asked.equals(name)) {
            throw WebException.notFound(
                    "there is no base model '" + asked + "' here; there is '" + name + "'", "unknown_model");
        }
    }

    TrainedModel model(String id) {
        TrainedModel model = models.get(id);
        if (model == null) {
            throw WebException.notFound(
                    "there is no model '" + id
                            + "' here; it may have been unloaded. Make one with create_model, and load"
                            + " what was saved",
                    "unknown_model");
        }
        model.session().hear(clock.instant());
        return model;
    }

    List<TrainedModel> models() {
        return models.values().stream().toList();
    }

    String forward(ForwardRequest request) {
        TrainedModel model = model(request.model());
        request.check(base.config().vocabularySize(), base.config().maxPositions());
        return take(
                model,
                request.number(),
                request.content(),
                () -> request.forwardOnly() ? model.forward(request) : model.forwardBackward(request));
    }

    String optimStep(TrainedModel model, OptionalInt number, String content, AdamParams params) {
        return take(model, number, content, () -> {
            Update update = model.optimStep(params);
            ObjectNode json = Json.object();
            json.putObject("metrics")
                    .put("grad_norm:mean", update.gradientNorm())
                    .put("learning_rate:mean", update.learningRate());
            return new Outcome.Done(json);
        });
    }

    String save(
            TrainedModel model,
            OptionalInt number,
            String content,
            CheckpointPath path,
            OptionalLong seconds,
            boolean overwrite) {
        boolean training = path.kind() == Kind.WEIGHTS;
        return take(model, number, content, () -> {
            if (!overwrite) {
                checkpoints.requireFree(path);
            }
            ObjectNode about = model.lora().put(Json.object().put("base_model", name));
            checkpoints.write(path, about, seconds, training ? model::saveState : model::saveAdapter);
            return new Outcome.Done(Json.object()
                    .put("path", path.toString())
                    .put("type", training ? "save_weights" : "save_weights_for_sampler"));
        });
    }

    /** The weights of now as a sampling session. */
    String saveIntoSampler(TrainedModel model, OptionalInt number, String content) {
        return take(model, number, content, () -> {
            Sampler sampler = addSampler(model.session(), Optional.empty(), model::snapshot);
            return new Outcome.Done(Json.object()
                    .putNull("path")
                    .put("sampling_session_id", sampler.id())
                    .put("type", "save_weights_for_sampler"));
        });
    }

    /** @throws WebException if the model has been asked for something before */
    String load(TrainedModel model, OptionalInt number, String content, CheckpointPath path, boolean optimizer) {
        requireTraining(path, optimizer);
        LoraSettings saved = LoraSettings.of(checkpoints.about(path));
        LoraSettings own = model.lora();
        if (!saved.put(Json.object()).equals(own.put(Json.object()))) {
            throw WebException.invalid(
                    "path",
                    path + " was saved of a model with " + saved.put(Json.object()) + ", and " + model.id() + " has "
                            + own.put(Json.object()) + "; create a model with the first");
        }
        return take(model, number, content, () -> {
            model.load(checkpoints.state(path), optimizer);
            return new Outcome.Done(Json.object()
                    .put("path", path.toString())
                    .put("model_id", model.id())
                    .put("type", "load_weights"));
        });
    }

    private static void requireTraining(CheckpointPath path, boolean optimizer) {
        if (path.kind() != Kind.WEIGHTS) {
            throw WebException.invalid(
                    "path",
                    path + " is for sampling and has no state to go on training from"
                            + (optimizer ? "; load one of .../weights/" : "; save with save_weights"));
        }
    }

    /** What a new model begins with, and its settings. */
    Loaded loaded(CheckpointPath path, boolean optimizer) {
        requireTraining(path, optimizer);
        return new Loaded(checkpoints.state(path), optimizer);
    }

    String unload(TrainedModel model) {
        Promise promise = promises.open();
        drop(model.id());
        model.session().models().remove(model.id());
        lane.execute(() -> promise.outcome()
                .complete(new Outcome.Done(
                        Json.object().put("model_id", model.id()).put("type", "unload_model"))));
        return promise.id();
    }

    private String take(TrainedModel model, OptionalInt number, String content, Supplier<Outcome> work) {
        return model.order().take(number, content, () -> guarded(work));
    }

    /** What fails is an answer too. */
    private static Outcome guarded(Supplier<Outcome> work) {
        try {
            return work.get();
        } catch (WebException | IllegalArgumentException | IllegalStateException | FormatException e) {
            return new Outcome.Failed(String.valueOf(e.getMessage()), Blame.USER);
        } catch (Exception | Error e) { // whatever it is, what waits behind it goes on
            LOG.log(Level.ERROR, "a request failed", e);
            return new Outcome.Failed("the server failed on this request (" + e + "); its log says how", Blame.SERVER);
        }
    }

    // --- sampling
    // -----------------------------------------------------------------------------------------------------------

    private Sampler addSampler(Session session, Optional<String> path, Supplier<CausalLM> weights) {
        String id = fresh("sampling_");
        Sampler sampler = samplers.get(id, () -> new Sampler(id, path, weights.get(), engines));
        session.samplers().add(id);
        return sampler;
    }

    /** A sampling session of the base model, or of a checkpoint. */
    synchronized Sampler createSampler(Session session, OptionalInt number, String content, Optional<String> path) {
        String key = "sampler " + (number.isPresent() ? number.getAsInt() : fresh("unnumbered "));
        Session.Made before = session.made().get(key);
        if (before != null && before.content().equals(content)) {
            return sampler(before.answer());
        }
        if (before != null) {
            throw new WebException(
                    409,
                    "invalid_request_error",
                    "sampling_session_seq_id " + number.getAsInt() + " of " + session.id() + " is another one",
                    "sampling_session_seq_id",
                    "conflict");
        }
        Sampler sampler = addSampler(session, path, () -> path.map(this::saved).orElse(plain));
        session.made().put(key, new Session.Made(content, sampler.id()));
        return sampler;
    }

    private CausalLM saved(String path) {
        try {
            return base.withOtherAdapter(new AdapterSource.Saved(checkpoints.state(CheckpointPath.parse(path))));
        } catch (FormatException e) {
            throw WebException.invalid("model_path", path + " cannot be read: " + e.getMessage());
        }
    }

    Sampler sampler(String id) {
        Sampler sampler = samplers.find(id)
                .orElseThrow(() -> WebException.notFound(
                        "there is no sampling session '" + id + "'; it may have made room for others. Make one with"
                                + " create_sampling_session",
                        "unknown_sampler"));
        sessions.values().stream()
                .filter(session -> session.samplers().contains(id))
                .forEach(session -> session.hear(clock.instant()));
        return sampler;
    }

    private Sampler sampler(SampleRequest request) {
        if (request.sampler().isPresent()) {
            return sampler(request.sampler().get());
        }
        request.base().ifPresent(this::requireBase);
        String id = request.path().map(this::version).orElse("");
        return samplers.get(
                id,
                () -> new Sampler(
                        id, request.path(), request.path().map(this::saved).orElse(plain), engines));
    }

    /** A checkpoint as it is now: one that was written again under its name is another. */
    private String version(String path) {
        return path + " of "
                + checkpoints.about(CheckpointPath.parse(path)).path("time").asText();
    }

    synchronized String sample(SampleRequest request) {
        Sampler sampler = sampler(request);
        boolean counted = request.sampler().isPresent() && request.number().isPresent();
        if (counted) {
            Session.Made before = sampler.made().get(request.number().getAsInt());
            if (before != null && before.content().equals(request.content())) {
                return before.answer();
            }
            if (before != null) {
                throw new WebException(
                        409,
                        "invalid_request_error",
                        "seq_id " + request.number().getAsInt() + " of " + sampler.id() + " was another request",
                        "seq_id",
                        "conflict");
            }
        }
        request.check(sampler.model());
        Promise promise = promises.open();
        var unused = generate(sampler, request) // nothing follows on it
                .whenComplete(
                        (outcome, failure) -> promise.outcome().complete(failure == null ? outcome : failed(failure)));
        if (counted) {
            sampler.made().put(request.number().getAsInt(), new Session.Made(request.content(), promise.id()));
        }
        return promise.id();
    }

    private CompletableFuture<Outcome> generate(Sampler sampler, SampleRequest request) {
        try {
            AsyncEngine engine = sampler.engine();
            CompletableFuture<Optional<List<TokenScore>>> prompt = request.promptLogProbs()
                    ? engine.score(request.prompt(), 1f, request.top()).thenApply(Optional::of)
                    : CompletableFuture.completedFuture(Optional.empty());
            CompletableFuture<List<Generation>> sequences = engine.submit(
                            new GenerationRequest(request.prompt(), request.config(sampler.model(), seeds.get()))
                                    .withSamples(request.samples()))
                    .result();
            return sequences.thenCombine(prompt, (all, scores) -> new Outcome.Samples(all, scores, request.top()));
        } catch (RejectedExecutionException e) {
            throw new WebException(
                    429, "rate_limit_error", String.valueOf(e.getMessage()), null, "rate_limit_exceeded");
        } catch (NeverFitsException e) {
            throw WebException.malformed(e.reason() + ". Shorten the prompt, or ask for fewer tokens");
        } catch (IllegalArgumentException | IllegalStateException e) {
            throw WebException.malformed(String.valueOf(e.getMessage()));
        }
    }

    private static Outcome failed(Throwable failure) {
        LOG.log(Level.ERROR, "sampling failed", failure);
        return new Outcome.Failed("sampling failed (" + failure + ")", Blame.SERVER);
    }

    /** Ends at once; what waits fails. */
    @Override
    public void close() {
        timer.shutdownNow();
        models.keySet().forEach(this::drop);
        samplers.close();
        lane.shutdown();
    }
}
