// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.training;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.serve.http.RequestFields;
import dev.jacobian.serve.http.WebException;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.GenerationConfigBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Continuations of a prompt, as a client asks for them.
 *
 * @param sampler the sampling session that is asked, or else {@code path} or {@code base}
 * @param number its place among the session's requests; it orders nothing, and tells a request that is sent again
 * @param seed of what is drawn; or the service's
 * @param stops texts that end a continuation
 * @param stopIds tokens that end one, beside the model's own
 * @param promptLogProbs whether the prompt's own log-probabilities are wanted
 * @param top how many of the likeliest are wanted in the place of each of its tokens
 */
record SampleRequest(
        Optional<String> sampler,
        Optional<String> path,
        Optional<String> base,
        OptionalInt number,
        String content,
        int[] prompt,
        int samples,
        Optional<Integer> maxTokens,
        Optional<Long> seed,
        List<String> stops,
        List<Integer> stopIds,
        float temperature,
        int topK,
        float topP,
        boolean promptLogProbs,
        int top) {
    private static final int MOST_SAMPLES = 1024;

    static SampleRequest read(JsonNode body) {
        RequestFields fields = RequestFields.of(body);
        fields.get("prompt");
        int[] prompt = JsonForm.tokens(fields.object("prompt").orElseThrow(), "prompt");
        fields.get("sampling_params");
        RequestFields params = fields.object("sampling_params").orElseThrow();
        List<String> stops = new ArrayList<>();
        List<Integer> stopIds = new ArrayList<>();
        params.find("stop").ifPresent(stop -> readStops(stop, stops, stopIds));
        int top = fields.integer("topk_prompt_logprobs", 0, 100).orElse(0);
        SampleRequest request = new SampleRequest(
                fields.string("sampling_session_id"),
                fields.string("model_path"),
                fields.string("base_model"),
                JsonForm.number(fields, "seq_id"),
                Content.of(body),
                prompt,
                fields.integer("num_samples", 1, MOST_SAMPLES).orElse(1),
                params.integer("max_tokens", 1, Integer.MAX_VALUE),
                params.longInteger("seed"),
                stops,
                stopIds,
                params.number("temperature", 0, 1e6).orElse(1f),
                params.integer("top_k", -1, Integer.MAX_VALUE).orElse(-1),
                params.number("top_p", 0, 1).orElse(1f),
                fields.bool("prompt_logprobs", false) || top > 0,
                top);
        params.ignore(JsonForm.UNTOLD).refuseOthers();
        long ways = List.of(request.sampler, request.path, request.base).stream()
                .filter(Optional::isPresent)
                .count();
        if (ways != 1) {
            throw WebException.malformed("give one of sampling_session_id, model_path and base_model, found " + ways);
        }
        return request;
    }

    private static void readStops(JsonNode stop, List<String> stops, List<Integer> stopIds) {
        Iterable<JsonNode> all = stop.isArray() ? stop : List.of(stop);
        for (JsonNode one : all) {
            if (one.isTextual() && !one.textValue().isEmpty()) {
                stops.add(one.textValue());
            } else if (one.isIntegralNumber() && one.canConvertToInt()) {
                stopIds.add(one.intValue());
            } else {
                throw RequestFields.wrong("sampling_params.stop", "a text, texts or token ids", one);
            }
        }
        if (!stops.isEmpty() && !stopIds.isEmpty()) {
            throw WebException.invalid("sampling_params.stop", "sampling_params.stop has texts and ids; give one kind");
        }
    }

    /**
     * Refuses what the model cannot take, before it waits.
     *
     * @throws WebException if the prompt is empty, too long, or of another vocabulary
     */
    SampleRequest check(CausalLM model) {
        int vocabulary = model.config().vocabularySize();
        int positions = model.config().maxPositions();
        if (prompt.length == 0) {
            throw WebException.invalid("prompt", "the prompt is empty; begin with at least one token");
        }
        if (prompt.length >= positions) {
            throw WebException.invalid(
                    "prompt",
                    "the prompt has " + prompt.length + " tokens, and the model " + positions
                            + " positions; leave at least one for what is generated");
        }
        for (int id : prompt) {
            requireId("prompt", id, vocabulary);
        }
        stopIds.forEach(id -> requireId("sampling_params.stop", id, vocabulary));
        maxTokens.filter(most -> most > positions - prompt.length).ifPresent(most -> {
            throw WebException.invalid(
                    "sampling_params.max_tokens",
                    "max_tokens " + most + " behind a prompt of " + prompt.length + " tokens exceeds the model's "
                            + positions + " positions; ask for at most " + (positions - prompt.length));
        });
        return this;
    }

    private static void requireId(String where, int id, int vocabulary) {
        if (id < 0 || id >= vocabulary) {
            throw WebException.invalid(
                    where, where + " has the id " + id + ", and the vocabulary ids from 0 to " + (vocabulary - 1));
        }
    }

    /** How tokens are chosen. */
    GenerationConfig config(CausalLM model, long usualSeed) {
        GenerationConfigBuilder builder = GenerationConfig.builder()
                .maxNewTokens(maxTokens.orElse(model.config().maxPositions() - prompt.length))
                .seed(seed.orElse(usualSeed))
                .stopStrings(stops);
        if (temperature == 0) {
            builder.doSample(false);
        } else {
            builder.temperature(temperature).topK(Math.max(0, topK)).topP(topP);
        }
        if (!stopIds.isEmpty()) {
            List<Integer> ends = new ArrayList<>(model.eosTokenIds());
            stopIds.stream().filter(id -> !ends.contains(id)).forEach(ends::add);
            builder.eosTokenIds(ends);
        }
        try {
            return builder.build();
        } catch (IllegalArgumentException e) {
            throw WebException.invalid("sampling_params", "sampling_params: " + e.getMessage());
        }
    }
}
