// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.remote;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import java.util.List;
import java.util.OptionalLong;

/**
 * How tokens are chosen, with Tinker's names.
 *
 * @param maxTokens the limit of new tokens
 * @param seed of what is drawn; none for one of the service's
 * @param stop texts that end a continuation
 * @param temperature that logits are divided by; 0 for the likeliest token
 * @param topK how many of the likeliest may be drawn; −1 for all
 * @param topP the probability that those that may be drawn have together
 */
public record SamplingParams(
        int maxTokens, OptionalLong seed, List<String> stop, double temperature, int topK, double topP) {
    public SamplingParams {
        stop = List.copyOf(stop);
    }

    /** The model's own distribution. */
    public static SamplingParams of(int maxTokens, long seed) {
        return new SamplingParams(maxTokens, OptionalLong.of(seed), List.of(), 1, -1, 1);
    }

    ObjectNode toJson() {
        ObjectNode json = Json.object()
                .put("max_tokens", maxTokens)
                .put("temperature", temperature)
                .put("top_k", topK)
                .put("top_p", topP);
        seed.ifPresent(value -> json.put("seed", value));
        if (!stop.isEmpty()) {
            ArrayNode texts = json.putArray("stop");
            stop.forEach(texts::add);
        }
        return json;
    }
}
