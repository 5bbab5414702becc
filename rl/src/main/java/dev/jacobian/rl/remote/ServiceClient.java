// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.remote;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * A session with a training service.
 *
 * <pre>{@code
 * try (ServiceClient service = new ServiceClient(URI.create("http://127.0.0.1:8000"), Optional.empty())) {
 *     TrainingClient model = service.createLoraTrainingClient("my-model", LoraOptions.ofRank(16));
 *     for (int step = 0; step < 100; step++) {
 *         model.forwardBackward(batch, "cross_entropy");      // both are on their way at once,
 *         model.optimStep(AdamParams.DEFAULT).join();         // and are done in this order
 *     }
 *     String path = model.saveState("final").join();
 * }
 * }</pre>
 *
 * <p>Decisions: methods have the names of Tinker's client. What takes long is a future; order is that of the calls, whatever arrives first. A
 * request whose answer is lost is sent again under its number and is done once.
 */
public final class ServiceClient implements AutoCloseable {
    private static final int HEARTBEAT_SECONDS = 10;

    private final Wire wire;
    private final String session;
    private final AtomicInteger models = new AtomicInteger();
    private final AtomicInteger samplers = new AtomicInteger();
    private final ExecutorService calls = Executors.newVirtualThreadPerTaskExecutor();
    private final ScheduledExecutorService heart = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("jacobian-remote-heartbeat").factory());

    /**
     * Begins a session.
     *
     * @param service its address, before {@code /api/v1}
     * @param key what the service wants to see, if it wants something
     * @throws RemoteTrainingException if nobody answers there, or with a refusal
     */
    public ServiceClient(URI service, Optional<String> key) {
        wire = new Wire(service, key);
        session = wire.post("create_session", Json.object().put("sdk_version", "jacobian"))
                .path("session_id")
                .asText();
        var unused = heart.scheduleWithFixedDelay(this::beat, HEARTBEAT_SECONDS, HEARTBEAT_SECONDS, TimeUnit.SECONDS);
    }

    private void beat() {
        try {
            wire.post("session_heartbeat", Json.object().put("session_id", session));
        } catch (RemoteTrainingException e) {
            System.getLogger(ServiceClient.class.getName())
                    .log(
                            System.Logger.Level.WARNING,
                            "the training service does not hear this session: " + e.getMessage());
        }
    }

    /** Base models that can be trained, by name. */
    public List<String> supportedModels() {
        return wire.get("get_server_capabilities")
                .path("supported_models")
                .valueStream()
                .map(model -> model.path("model_name").asText())
                .toList();
    }

    /** A new adapter over a base model. */
    public TrainingClient createLoraTrainingClient(String baseModel, LoraOptions lora) {
        ObjectNode body = Json.object()
                .put("session_id", session)
                .put("model_seq_id", models.getAndIncrement())
                .put("base_model", baseModel);
        body.set("lora_config", lora.toJson());
        return created(wire.post("create_model", body));
    }

    /**
     * A model that goes on from a saved state.
     *
     * @param path as {@link TrainingClient#saveState} gave it
     * @param optimizer whether also the optimizer goes on
     */
    public TrainingClient createTrainingClientFromState(String path, boolean optimizer) {
        ObjectNode body = Json.object()
                .put("session_id", session)
                .put("model_seq_id", models.getAndIncrement())
                .put("path", path)
                .put("optimizer", optimizer);
        return created(wire.post("load_weights", body));
    }

    private TrainingClient created(JsonNode promise) {
        return new TrainingClient(this, wire.result(promise).path("model_id").asText());
    }

    /** Samples from a base model. */
    public SamplingClient createSamplingClient(String baseModel) {
        return sampler("base_model", baseModel);
    }

    /** Samples from saved weights. */
    public SamplingClient createSamplingClientFromPath(String path) {
        return sampler("model_path", path);
    }

    private SamplingClient sampler(String key, String value) {
        ObjectNode body = Json.object()
                .put("session_id", session)
                .put("sampling_session_seq_id", samplers.getAndIncrement())
                .put(key, value);
        return new SamplingClient(
                this,
                wire.post("create_sampling_session", body)
                        .path("sampling_session_id")
                        .asText());
    }

    JsonNode post(String path, ObjectNode body) {
        return wire.post(path, body);
    }

    /** Something that is asked now and whose result comes. */
    CompletableFuture<JsonNode> promised(String path, ObjectNode body) {
        return later(() -> wire.result(wire.post(path, body)));
    }

    <T> CompletableFuture<T> later(Supplier<T> call) {
        return CompletableFuture.supplyAsync(call, calls);
    }

    /** Ends; the service forgets the session when nothing is heard of it. */
    @Override
    public void close() {
        heart.shutdownNow();
        calls.shutdownNow();
        wire.close();
    }
}
