// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.training;

import static dev.jacobian.serve.training.TrainingEndpoint.API;
import static dev.jacobian.serve.training.TrainingEndpoint.detailed;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.serve.http.RequestFields;
import dev.jacobian.serve.http.WebException;
import dev.jacobian.serve.http.WebRequest;
import dev.jacobian.serve.http.WebServer;
import dev.jacobian.serve.training.CheckpointPath.Kind;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;

/** The routes that list what is trained, what samples, and what was saved. */
final class RunsEndpoint {
    private static final int USUAL_LIMIT = 20;

    private final TrainingService service;

    RunsEndpoint(TrainingService service) {
        this.service = service;
    }

    void addTo(WebServer.Builder server) {
        server.route("GET", API + "training_runs", detailed(this::runs))
                .route("GET", API + "training_runs/", detailed(this::run))
                .route("DELETE", API + "training_runs/", detailed(this::delete))
                .route("PUT", API + "training_runs/", detailed(this::keep))
                .route("GET", API + "checkpoints", detailed(request -> reply(request, Optional.empty())))
                .route("GET", API + "samplers/", detailed(this::sampler))
                .route("GET", API + "sessions", detailed(this::sessions))
                .route("GET", API + "sessions/", detailed(this::session));
    }

    private void runs(WebRequest request) throws IOException {
        List<TrainedModel> models = service.models().stream()
                .sorted(Comparator.comparing(TrainedModel::id))
                .toList();
        reply(request, "training_runs", models, model -> model.toJson(Json.object(), service.name()));
    }

    /** A page of a list, as {@code offset} and {@code limit} ask for it. */
    private static <T> void reply(WebRequest request, String name, List<T> all, Function<T, ObjectNode> form)
            throws IOException {
        int offset = number(request, "offset", 0, 0);
        int limit = number(request, "limit", USUAL_LIMIT, 1);
        ObjectNode json = Json.object();
        ArrayNode page = json.putArray(name);
        all.stream().skip(offset).limit(limit).map(form).forEach(page::add);
        json.putObject("cursor").put("offset", offset).put("limit", limit).put("total_count", all.size());
        request.reply(200, json);
    }

    private static int number(WebRequest request, String name, int usual, int least) {
        String text = request.query(name).orElse(Integer.toString(usual));
        if (!text.matches("[0-9]{1,9}") || Integer.parseInt(text) < least) {
            throw WebException.invalid(
                    name, name + " must be a whole number from " + least + " on, found '" + text + "'");
        }
        return Integer.parseInt(text);
    }

    private void run(WebRequest request) throws IOException {
        String[] parts = request.rest().split("/");
        if (parts.length == 1) {
            request.reply(200, service.model(parts[0]).toJson(Json.object(), service.name()));
        } else if (parts.length == 2 && parts[1].equals("checkpoints")) {
            reply(request, Optional.of(parts[0]));
        } else {
            throw none(request);
        }
    }

    private void reply(WebRequest request, Optional<String> run) throws IOException {
        List<CheckpointStore.Entry> entries = service.checkpoints().list(run.map(RunsEndpoint::safe));
        reply(request, "checkpoints", entries, CheckpointStore.Entry::toJson);
    }

    /** A run's name, which is a folder's. */
    private static String safe(String run) {
        return CheckpointPath.parse("tinker://" + run + "/weights/any").run();
    }

    private static CheckpointPath checkpoint(WebRequest request, String rest) {
        String[] parts = rest.split("/");
        boolean known = parts.length == 4
                && parts[1].equals("checkpoints")
                && List.of(Kind.values()).stream()
                        .anyMatch(kind -> kind.folder().equals(parts[2]));
        if (!known) {
            throw none(request);
        }
        return CheckpointPath.of(safe(parts[0]), Kind.valueOf(parts[2].toUpperCase(Locale.ROOT)), parts[3]);
    }

    private void delete(WebRequest request) throws IOException {
        service.checkpoints().remove(checkpoint(request, request.rest()));
        request.reply(204, "application/json", new byte[0]);
    }

    /** {@code PUT …/ttl}. */
    private void keep(WebRequest request) throws IOException, InterruptedException {
        if (!request.rest().endsWith("/ttl")) {
            throw none(request);
        }
        CheckpointPath path =
                checkpoint(request, request.rest().substring(0, request.rest().length() - "/ttl".length()));
        Optional<Integer> seconds = RequestFields.of(request.json()).integer("ttl_seconds", 1, Integer.MAX_VALUE);
        service.checkpoints()
                .keep(path, seconds.map(value -> OptionalLong.of(value)).orElseGet(OptionalLong::empty));
        request.reply(200, Json.object());
    }

    private static WebException none(WebRequest request) {
        return WebException.notFound(
                "there is no such thing as " + API + "training_runs/" + request.rest(), "unknown_url");
    }

    private void sampler(WebRequest request) throws IOException {
        Sampler sampler = service.sampler(request.rest());
        ObjectNode json = Json.object().put("sampler_id", sampler.id()).put("base_model", service.name());
        json.put("model_path", sampler.path().orElse(null));
        request.reply(200, json);
    }

    private void sessions(WebRequest request) throws IOException {
        ObjectNode json = Json.object();
        ArrayNode all = json.putArray("sessions");
        service.sessions().stream().map(Session::id).sorted().forEach(all::add);
        request.reply(200, json);
    }

    private void session(WebRequest request) throws IOException {
        Session session = service.session(request.rest());
        ObjectNode json = Json.object();
        ArrayNode models = json.putArray("training_run_ids");
        session.models().forEach(models::add);
        ArrayNode samplers = json.putArray("sampler_ids");
        session.samplers().forEach(samplers::add);
        request.reply(200, json);
    }
}
