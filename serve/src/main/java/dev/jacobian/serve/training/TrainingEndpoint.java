// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.training;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.serve.http.RequestFields;
import dev.jacobian.serve.http.WebException;
import dev.jacobian.serve.http.WebHandler;
import dev.jacobian.serve.http.WebRequest;
import dev.jacobian.serve.http.WebServer;
import dev.jacobian.serve.training.CheckpointPath.Kind;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.EngineConfig;
import java.io.IOException;
import java.io.InputStream;
import java.time.Clock;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Supplier;

/**
 * The routes under {@code /api/v1} by which clients train: Tinker's, JSON in and JSON out, with protobuf where its own client has that.
 * {@code /openapi.json} describes them.
 *
 * <p>Decision: a request that takes long is answered at once with {@code request_id}, and {@code retrieve_future} is held until its
 * answer is there, for {@link #PATIENCE} at most: less than clients wait for an answer.
 */
public final class TrainingEndpoint implements AutoCloseable {
    static final String API = "/api/v1/";
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int MOST_SECONDS = Integer.MAX_VALUE;

    private final TrainingService service;

    /**
     * @param base a model with an adapter, of any kind, that marks its weights as ones that are not trained themselves
     * @param name what clients call it
     * @param seeds of adapters and samples for which none is given
     */
    public TrainingEndpoint(
            CausalLM base,
            String name,
            TrainingConfig config,
            EngineConfig engines,
            Supplier<Long> seeds,
            Clock clock) {
        service = new TrainingService(base, name, config, engines, seeds, clock);
    }

    /** Adds the routes to a server. */
    public void addTo(WebServer.Builder server) {
        server.publicRoute(
                "GET",
                API + "healthz",
                request -> request.reply(200, Json.object().put("status", "ok")));
        server.publicRoute("GET", "/openapi.json", TrainingEndpoint::openApi);
        get(server, "get_server_capabilities", this::capabilities);
        post(server, "client/config", this::clientConfig);
        post(server, "client/dynamic_config", fields -> Json.object().put("refresh_interval_sec", 300));
        post(server, "telemetry", fields -> Json.object().put("status", "accepted"));
        post(server, "create_session", this::createSession);
        post(server, "session_heartbeat", this::heartbeat);
        post(server, "create_model", this::createModel);
        post(server, "get_info", this::info);
        post(server, "unload_model", this::unload);
        server.route("POST", API + "forward", detailed(request -> forward(request, true)));
        server.route("POST", API + "forward_backward", detailed(request -> forward(request, false)));
        post(server, "optim_step", this::optimStep);
        post(server, "save_weights", this::saveWeights);
        post(server, "load_weights", this::loadWeights);
        post(server, "save_weights_for_sampler", this::saveForSampler);
        post(server, "create_sampling_session", this::createSampler);
        server.route("POST", API + "asample", detailed(this::sample));
        server.route("POST", API + "retrieve_future", detailed(this::retrieve));
        post(server, "weights_info", this::weightsInfo);
        new RunsEndpoint(service).addTo(server);
    }

    /** What a route does with a body. */
    interface Answer {
        JsonNode to(RequestFields fields) throws IOException;
    }

    private static void post(WebServer.Builder server, String path, Answer answer) {
        server.route(
                "POST",
                API + path,
                detailed(request -> request.reply(200, answer.to(RequestFields.of(request.json())))));
    }

    private static void get(WebServer.Builder server, String path, Supplier<JsonNode> answer) {
        server.route("GET", API + path, request -> request.reply(200, answer.get()));
    }

    /** What is refused is told as {@code detail}, as these clients read it, too. */
    static WebHandler detailed(WebHandler handler) {
        return request -> {
            try {
                handler.handle(request);
            } catch (WebException e) {
                request.reply(e.status(), e.toJson().put("detail", e.getMessage()));
            }
        };
    }

    private static void openApi(WebRequest request) throws IOException {
        try (InputStream in = TrainingEndpoint.class.getResourceAsStream("openapi.json")) {
            request.reply(
                    200,
                    "application/json",
                    Objects.requireNonNull(in, "openapi.json").readAllBytes());
        }
    }

    private JsonNode capabilities() {
        ObjectNode json = Json.object();
        json.putArray("supported_models")
                .addObject()
                .put("model_name", service.name())
                .put("max_context_length", service.base().config().maxPositions());
        return json;
    }

    /** What Tinker's client should do: nothing compressed, and chunks that fit into a body. */
    private JsonNode clientConfig(RequestFields fields) {
        return Json.object()
                .put("pjwt_auth_enabled", false)
                .put("parallel_fwdbwd_chunks", true)
                .put("proto_compress_fwdbwd", false)
                .put("fwdbwd_max_chunk_len", 1024)
                .put("fwdbwd_max_chunk_bytes_count", 5_000_000)
                .put("create_model_via_load_weights", false);
    }

    private JsonNode createSession(RequestFields fields) {
        return Json.object()
                .put("type", "create_session")
                .put("session_id", service.createSession().id());
    }

    private JsonNode heartbeat(RequestFields fields) {
        service.session(JsonForm.text(fields, "session_id"));
        return Json.object().put("type", "session_heartbeat");
    }

    private JsonNode createModel(RequestFields fields) {
        Session session = service.session(JsonForm.text(fields, "session_id"));
        service.requireBase(JsonForm.text(fields, "base_model"));
        TrainingService.Created created = service.createModel(
                session,
                JsonForm.number(fields, "model_seq_id"),
                Content.of(fields),
                LoraSettings.read(fields, service.config().maxRank()),
                fields.find("user_metadata").orElseGet(() -> Json.object().nullNode()),
                Optional.empty());
        return promised(created.request(), created.model());
    }

    private static ObjectNode promised(String request, String model) {
        return Json.object().put("request_id", request).put("model_id", model);
    }

    private JsonNode info(RequestFields fields) {
        TrainedModel model = model(fields);
        ObjectNode json = Json.object()
                .put("type", "get_info")
                .put("model_id", model.id())
                .put("is_lora", true)
                .put("lora_rank", model.lora().rank())
                .put("model_name", service.name());
        json.putObject("model_data")
                .put("arch", service.base().config().family())
                .put("model_name", service.name())
                .put("tokenizer_id", service.name());
        return json;
    }

    private TrainedModel model(RequestFields fields) {
        return service.model(JsonForm.text(fields, "model_id"));
    }

    private JsonNode unload(RequestFields fields) {
        TrainedModel model = model(fields);
        return promised(service.unload(model), model.id());
    }

    private void forward(WebRequest request, boolean forwardOnly) throws IOException, InterruptedException {
        boolean proto = request.header("Content-Type").orElse("").startsWith(ProtoForm.TYPE);
        if (request.header("Content-Encoding")
                .filter(one -> !one.equals("identity"))
                .isPresent()) {
            throw new WebException(
                    415,
                    "invalid_request_error",
                    "Content-Encoding " + request.header("Content-Encoding").get()
                            + " is not read here; send the body as it is",
                    null,
                    null);
        }
        ForwardRequest asked = proto
                ? ProtoForm.forward(request.bytes(ProtoForm.TYPE))
                : JsonForm.forward(request.json(), forwardOnly);
        request.reply(200, promised(service.forward(asked), asked.model()));
    }

    private JsonNode optimStep(RequestFields fields) {
        TrainedModel model = model(fields);
        fields.get("adam_params");
        String promise = service.optimStep(
                model,
                JsonForm.number(fields, "seq_id"),
                Content.of(fields),
                JsonForm.adam(fields.object("adam_params").orElseThrow()));
        return promised(promise, model.id());
    }

    private static OptionalLong seconds(RequestFields fields) {
        return fields.integer("ttl_seconds", 1, MOST_SECONDS)
                .map(value -> OptionalLong.of(value))
                .orElseGet(OptionalLong::empty);
    }

    private JsonNode saveWeights(RequestFields fields) {
        TrainedModel model = model(fields);
        CheckpointPath path = CheckpointPath.of(model.id(), Kind.WEIGHTS, JsonForm.text(fields, "path"));
        return promised(
                service.save(
                        model,
                        JsonForm.number(fields, "seq_id"),
                        Content.of(fields),
                        path,
                        seconds(fields),
                        fields.bool("overwrite", false)),
                model.id());
    }

    private JsonNode saveForSampler(RequestFields fields) {
        TrainedModel model = model(fields);
        OptionalInt number = JsonForm.number(fields, "seq_id");
        Optional<String> name = fields.string("path");
        if (name.isEmpty()) {
            return promised(service.saveIntoSampler(model, number, Content.of(fields)), model.id());
        }
        CheckpointPath path = CheckpointPath.of(model.id(), Kind.SAMPLER_WEIGHTS, name.get());
        return promised(
                service.save(model, number, Content.of(fields), path, seconds(fields), fields.bool("overwrite", false)),
                model.id());
    }

    private JsonNode loadWeights(RequestFields fields) {
        CheckpointPath path = CheckpointPath.parse(JsonForm.text(fields, "path"));
        boolean optimizer = fields.bool("optimizer", false);
        if (fields.find("model_id").isPresent()) {
            TrainedModel model = model(fields);
            return promised(
                    service.load(model, JsonForm.number(fields, "seq_id"), Content.of(fields), path, optimizer),
                    model.id());
        }
        Session session = service.session(JsonForm.text(fields, "session_id"));
        fields.string("base_model").ifPresent(service::requireBase);
        LoraSettings lora = LoraSettings.of(service.checkpoints().about(path));
        TrainingService.Created created = service.createModel(
                session,
                JsonForm.number(fields, "model_seq_id"),
                Content.of(fields),
                lora,
                fields.find("user_metadata").orElseGet(() -> Json.object().nullNode()),
                Optional.of(service.loaded(path, optimizer)));
        return promised(created.request(), created.model());
    }

    private JsonNode createSampler(RequestFields fields) {
        Session session = service.session(JsonForm.text(fields, "session_id"));
        Optional<String> base = fields.string("base_model");
        Optional<String> path = fields.string("model_path");
        if (base.isPresent() == path.isPresent()) {
            throw WebException.malformed("give one of base_model and model_path");
        }
        base.ifPresent(service::requireBase);
        Sampler sampler = service.createSampler(
                session, JsonForm.number(fields, "sampling_session_seq_id"), Content.of(fields), path);
        return Json.object().put("type", "create_sampling_session").put("sampling_session_id", sampler.id());
    }

    private void sample(WebRequest request) throws IOException, InterruptedException {
        SampleRequest asked = SampleRequest.read(request.json());
        request.reply(200, Json.object().put("request_id", service.sample(asked)));
    }

    private void retrieve(WebRequest request) throws IOException, InterruptedException {
        String id = JsonForm.text(RequestFields.of(request.json()), "request_id");
        Optional<Outcome> outcome = service.await(id, PATIENCE);
        if (outcome.isEmpty()) {
            request.reply(
                    200,
                    Json.object().put("type", "try_again").put("request_id", id).put("queue_state", "active"));
            return;
        }
        boolean proto = request.header("Accept").orElse("").contains(ProtoForm.TYPE);
        Optional<byte[]> bytes = proto ? ProtoForm.of(outcome.get()) : Optional.empty();
        if (bytes.isPresent()) {
            request.reply(200, ProtoForm.TYPE, bytes.get());
        } else {
            request.reply(200, JsonForm.of(outcome.get()));
        }
    }

    private JsonNode weightsInfo(RequestFields fields) {
        JsonNode about = service.checkpoints().about(CheckpointPath.parse(JsonForm.text(fields, "tinker_path")));
        ObjectNode json =
                Json.object().put("base_model", about.path("base_model").asText());
        return LoraSettings.of(about).put(json);
    }

    /** Ends at once; what waits fails. */
    @Override
    public void close() {
        service.close();
    }
}
