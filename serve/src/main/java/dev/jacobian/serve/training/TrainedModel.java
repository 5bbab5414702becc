// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.training;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.MemoryConfig;
import dev.jacobian.rl.config.OptimizationConfig;
import dev.jacobian.rl.learn.Update;
import dev.jacobian.rl.loop.AdamParams;
import dev.jacobian.rl.loop.LossFunction;
import dev.jacobian.rl.loop.Scored;
import dev.jacobian.rl.loop.Trainer;
import dev.jacobian.transformer.CausalLM;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;

/**
 * A model that a client trains: an adapter of its own over weights that all share.
 *
 * <p>All but what it is called is for the thread that trains ({@link TrainingService}).
 */
final class TrainedModel {
    private final String id;
    private final Session session;
    private final LoraSettings lora;
    private final JsonNode metadata;
    private final Instant created;
    private final RequestOrder order;
    private final CausalLM model;
    private final Trainer trainer;

    TrainedModel(
            String id,
            Session session,
            LoraSettings lora,
            JsonNode metadata,
            Instant created,
            RequestOrder order,
            CausalLM model,
            MemoryConfig memory) {
        this.id = id;
        this.session = session;
        this.lora = lora;
        this.metadata = metadata;
        this.created = created;
        this.order = order;
        this.model = model;
        this.trainer = new Trainer(model, ConfigTree.defaults(OptimizationConfig.class), memory);
    }

    String id() {
        return id;
    }

    Session session() {
        return session;
    }

    LoraSettings lora() {
        return lora;
    }

    RequestOrder order() {
        return order;
    }

    /** As lists of runs have it. */
    ObjectNode toJson(ObjectNode json, String base) {
        json.put("training_run_id", id)
                .put("base_model", base)
                .put("model_owner", "local")
                .put("corrupted", false)
                .put("last_request_time", session.heard().toString())
                .put("created_at", created.toString());
        lora.put(json);
        json.set("user_metadata", metadata);
        return json;
    }

    Outcome.Scores forward(ForwardRequest request) {
        Scored scored = trainer.forward(request.data());
        return scores(scored, request.loss().of(scored).value());
    }

    Outcome.Scores forwardBackward(ForwardRequest request) {
        LossFunction loss = request.loss();
        Trainer.Result result = trainer.forwardBackward(request.data(), loss);
        return scores(result.scored(), result.loss());
    }

    /** Every name ends in how a client puts those of several parts together. */
    private static Outcome.Scores scores(Scored scored, double loss) {
        return new Outcome.Scores(
                scored, new TreeMap<>(Map.of("loss:sum", loss, "num_tokens:sum", (double) scored.count())));
    }

    Update optimStep(AdamParams params) {
        return trainer.optimStep(params);
    }

    /** The model as it is now, which goes on being so. */
    CausalLM snapshot() {
        return model.copy();
    }

    /** Writes adapter and optimizer into a folder. */
    void saveState(Path folder) {
        trainer.saveState(folder);
    }

    /** Writes the adapter into a folder. */
    void saveAdapter(Path folder) {
        model.save(folder);
    }

    /** Takes the adapter from a folder, and the optimizer too or not. */
    void load(Path folder, boolean optimizer) {
        if (optimizer) {
            trainer.loadState(folder);
        } else {
            model.restore(folder);
        }
    }

    void close() {
        trainer.close();
    }
}
