// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.transformer.config.DecoderConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The ids at which generation stops, without loading the weights: from generation_config.json, else config.json, else the
 * tokenizer. The order is that of {@link dev.jacobian.transformer.CausalLM#eosTokenIds}.
 */
final class EndTokens {
    private EndTokens() {}

    static List<Integer> of(Path folder, DecoderConfig config, Optional<Tokenizer> tokenizer) {
        List<Integer> ids = new ArrayList<>();
        Path generation = folder.resolve("generation_config.json");
        if (Files.isRegularFile(generation)) {
            collect(Json.read(generation).path("eos_token_id"), ids);
        }
        if (ids.isEmpty()) {
            collect(config.source().path("eos_token_id"), ids);
        }
        if (ids.isEmpty()) {
            tokenizer.ifPresent(t -> t.eosId().ifPresent(ids::add));
        }
        return ids;
    }

    private static void collect(JsonNode node, List<Integer> ids) {
        if (node.isIntegralNumber()) {
            ids.add(node.intValue());
        } else {
            node.forEach(element -> ids.add(element.intValue()));
        }
    }
}
