// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.remote;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.transformer.generation.FinishReason;
import dev.jacobian.transformer.generation.Generation;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/** Weights that do not change, to sample from. */
public final class SamplingClient {
    private final ServiceClient service;
    private final String session;
    private final AtomicInteger number = new AtomicInteger();

    SamplingClient(ServiceClient service, String session) {
        this.service = service;
        this.session = session;
    }

    /**
     * Continuations of a prompt.
     *
     * @param prompt at least one token
     * @param samples how many
     */
    public CompletableFuture<List<Generation>> sample(int[] prompt, int samples, SamplingParams params) {
        ObjectNode body = Json.object()
                .put("sampling_session_id", session)
                .put("seq_id", number.getAndIncrement())
                .put("num_samples", samples);
        body.set("prompt", DataForm.input(prompt));
        body.set("sampling_params", params.toJson());
        return service.promised("asample", body)
                .thenApply(answer -> answer.path("sequences")
                        .valueStream()
                        .map(SamplingClient::generation)
                        .toList());
    }

    private static Generation generation(JsonNode sequence) {
        int[] tokens = sequence.path("tokens")
                .valueStream()
                .mapToInt(JsonNode::intValue)
                .toArray();
        float[] logProbs = floats(sequence.path("logprobs"), 0);
        boolean stopped = sequence.path("stop_reason").asText().equals("stop");
        return new Generation(tokens, logProbs, stopped ? FinishReason.STOP : FinishReason.LENGTH);
    }

    /** The log-probabilities of a prompt's tokens but the first. */
    public CompletableFuture<float[]> computeLogprobs(int[] prompt) {
        ObjectNode body = Json.object()
                .put("sampling_session_id", session)
                .put("seq_id", number.getAndIncrement())
                .put("num_samples", 1)
                .put("prompt_logprobs", true);
        body.set("prompt", DataForm.input(prompt));
        body.set("sampling_params", Json.object().put("max_tokens", 1));
        return service.promised("asample", body).thenApply(answer -> floats(answer.path("prompt_logprobs"), 1));
    }

    private static float[] floats(JsonNode values, int from) {
        float[] floats = new float[Math.max(0, values.size() - from)];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = values.get(i + from).floatValue();
        }
        return floats;
    }
}
