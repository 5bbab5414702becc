// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.remote;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.learn.LossValue;
import dev.jacobian.rl.loop.AdamParams;
import dev.jacobian.rl.loop.Datum;
import dev.jacobian.rl.loop.LossFunction;
import dev.jacobian.rl.loop.Scored;
import dev.jacobian.rl.loop.Trainer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** A model that is trained elsewhere: the verbs of {@link Trainer}. Calls are done in their order; futures may be waited for later. */
public final class TrainingClient {
    private final ServiceClient service;
    private final String model;
    private int number; // of the last request; guarded by this

    TrainingClient(ServiceClient service, String model) {
        this.service = service;
        this.model = model;
    }

    /** What the service calls it. */
    public String modelId() {
        return model;
    }

    private synchronized ObjectNode request() {
        return Json.object().put("model_id", model).put("seq_id", ++number);
    }

    /** What the model thinks of a batch's targets, and what a loss by name comes to. */
    public CompletableFuture<Trainer.Result> forward(List<Datum> data, String loss, Map<String, Double> config) {
        return pass("forward", "forward_input", data, loss, config);
    }

    /**
     * Adds the gradient of a loss to what the parameters have.
     *
     * @param loss cross_entropy, importance_sampling, ppo, cispo or dro
     * @param config what the loss takes
     */
    public CompletableFuture<Trainer.Result> forwardBackward(
            List<Datum> data, String loss, Map<String, Double> config) {
        return pass("forward_backward", "forward_backward_input", data, loss, config);
    }

    /** The same with the loss's own numbers. */
    public CompletableFuture<Trainer.Result> forwardBackward(List<Datum> data, String loss) {
        return forwardBackward(data, loss, Map.of());
    }

    private CompletableFuture<Trainer.Result> pass(
            String path, String key, List<Datum> data, String loss, Map<String, Double> config) {
        ObjectNode body = request();
        ObjectNode input = body.putObject(key).put("loss_fn", loss);
        input.set("data", DataForm.of(data));
        if (!config.isEmpty()) {
            input.set("loss_fn_config", DataForm.numbers(config));
        }
        return service.promised(path, body).thenApply(output -> result(data, output));
    }

    private static Trainer.Result result(List<Datum> data, JsonNode output) {
        return new Trainer.Result(output.at("/metrics/loss:sum").asDouble(), DataForm.scored(data, output));
    }

    /**
     * The same with a loss of one's own on log-probabilities. Two passes: the log-probabilities come here, and the loss's derivatives go
     * back as the weights of a cross-entropy, whose gradient is the same.
     *
     * <p>Nothing else may be asked of this model until it is done.
     */
    public CompletableFuture<Trainer.Result> forwardBackwardCustom(List<Datum> data, LossFunction loss) {
        return forward(data, "cross_entropy", Map.of()).thenCompose(seen -> {
            Scored scored = seen.scored();
            LossValue value = loss.of(scored);
            List<Datum> weighted = new ArrayList<>();
            int at = 0;
            for (Datum datum : data) {
                float[] weights = new float[datum.count()];
                for (int t = 0; t < weights.length; t++) {
                    weights[t] = (float) -value.derivatives()[at++];
                }
                weighted.add(new Datum(datum.tokens(), datum.targets(), Map.of("weights", weights)));
            }
            return forwardBackward(weighted, "cross_entropy")
                    .thenApply(again -> new Trainer.Result(value.value(), scored));
        });
    }

    /** Changes the weights by the gradients that have added up, and clears them; gives the gradient's norm. */
    public CompletableFuture<Double> optimStep(AdamParams params) {
        ObjectNode body = request();
        body.putObject("adam_params")
                .put("learning_rate", params.learningRate())
                .put("beta1", params.beta1())
                .put("beta2", params.beta2())
                .put("eps", params.epsilon())
                .put("weight_decay", params.weightDecay())
                .put("grad_clip_norm", params.gradClipNorm());
        return service.promised("optim_step", body)
                .thenApply(answer -> answer.at("/metrics/grad_norm:mean").asDouble());
    }

    /**
     * Saves the adapter and the optimizer.
     *
     * @param name letters, digits, hyphens and underscores
     * @return the path
     */
    public CompletableFuture<String> saveState(String name) {
        return service.promised("save_weights", request().put("path", name))
                .thenApply(answer -> answer.path("path").asText());
    }

    /**
     * Goes on from a saved state; the first thing that is asked of a model.
     *
     * @param optimizer whether also the optimizer goes on
     */
    public CompletableFuture<Void> loadState(String path, boolean optimizer) {
        return service.promised("load_weights", request().put("path", path).put("optimizer", optimizer))
                .thenApply(answer -> null);
    }

    /** Saves the adapter for sampling; gives the path. */
    public CompletableFuture<String> saveWeightsForSampler(String name) {
        return service.promised("save_weights_for_sampler", request().put("path", name))
                .thenApply(answer -> answer.path("path").asText());
    }

    /** The weights of now, to sample from; nothing is written. */
    public CompletableFuture<SamplingClient> saveWeightsAndGetSamplingClient() {
        return service.promised("save_weights_for_sampler", request())
                .thenApply(answer -> new SamplingClient(
                        service, answer.path("sampling_session_id").asText()));
    }

    /** Gives its memory back; what was saved stays. */
    public CompletableFuture<Void> unload() {
        return service.promised("unload_model", Json.object().put("model_id", model))
                .thenApply(answer -> null);
    }
}
