// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.jacobian.io.Json;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.SpeculativeGenerator.Speculated;
import dev.jacobian.transformer.generation.TokenLogProb;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/**
 * Continuations as the object that {@code generate --json} prints: of one sequence its values, of several an array of each. What
 * was not asked for has no key.
 */
final class GenerationJson {
    private final CausalLM model;
    private final List<Generation> generations;
    private final ObjectNode object = Json.object();

    private GenerationJson(CausalLM model, List<Generation> generations) {
        this.model = model;
        this.generations = generations;
    }

    /**
     * The object.
     *
     * @param guessed the same continuations and how many of their tokens were guessed; empty where none were
     */
    static ObjectNode of(CausalLM model, List<Generation> generations, List<Speculated> guessed) {
        GenerationJson json = new GenerationJson(model, generations);
        json.put("token_ids", GenerationJson::tokenIds);
        json.put("text", json::text);
        json.put(
                "finish_reason",
                generation -> TextNode.valueOf(generation.finishReason().label()));
        json.put("logprobs", GenerationJson::logProbs);
        if (generations.stream()
                .anyMatch(generation -> !generation.topLogProbs().isEmpty())) {
            json.put("top_logprobs", json::topLogProbs);
        }
        if (generations.stream().anyMatch(generation -> generation.stopString().isPresent())) {
            json.put(
                    "stop_string",
                    generation -> generation
                            .stopString()
                            .<JsonNode>map(TextNode::valueOf)
                            .orElse(NullNode.instance));
        }
        if (generations.stream().anyMatch(generation -> generation.score().isPresent())) {
            json.put(
                    "score", generation -> DoubleNode.valueOf(generation.score().orElseThrow()));
        }
        if (!guessed.isEmpty()) {
            json.put("draft_tokens", guessed, Speculated::draftTokens);
            json.put("accepted_tokens", guessed, Speculated::acceptedTokens);
        }
        return json.object;
    }

    private void put(String key, List<Speculated> guessed, ToIntFunction<Speculated> count) {
        if (guessed.size() == 1) {
            object.put(key, count.applyAsInt(guessed.getFirst()));
        } else {
            ArrayNode array = object.putArray(key);
            guessed.forEach(one -> array.add(count.applyAsInt(one)));
        }
    }

    private void put(String key, Function<Generation, JsonNode> value) {
        if (generations.size() == 1) {
            object.set(key, value.apply(generations.getFirst()));
        } else {
            ArrayNode array = object.putArray(key);
            generations.forEach(generation -> array.add(value.apply(generation)));
        }
    }

    private static JsonNode tokenIds(Generation generation) {
        ArrayNode array = Json.object().arrayNode();
        for (int id : generation.tokenIds()) {
            array.add(id);
        }
        return array;
    }

    private JsonNode text(Generation generation) {
        return model.hasTokenizer()
                ? TextNode.valueOf(model.tokenizer().decode(generation.tokenIds(), true))
                : NullNode.instance;
    }

    private static JsonNode logProbs(Generation generation) {
        ArrayNode array = Json.object().arrayNode();
        for (float logProb : generation.logProbs()) {
            array.add(logProb);
        }
        return array;
    }

    private JsonNode topLogProbs(Generation generation) {
        ArrayNode steps = Json.object().arrayNode();
        for (List<TokenLogProb> likeliest : generation.topLogProbs()) {
            ArrayNode step = steps.addArray();
            for (TokenLogProb likely : likeliest) {
                ObjectNode entry = step.addObject();
                entry.put("token_id", likely.token());
                if (model.hasTokenizer()) {
                    entry.put("token", model.tokenizer().decode(new int[] {likely.token()}, false));
                }
                entry.put("logprob", likely.logProb());
            }
        }
        return steps;
    }
}
