// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.transformer.config.DecoderConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * The ids at which generation stops.
 *
 * <p>The first file that names any decides: generation_config.json, where checkpoints correct their end tokens; config.json;
 * tokenizer_config.json. An id that the model has no row for shows that the files do not belong together, and is an error: a
 * model that waits for it would never stop.
 */
public final class EndTokens {
    private EndTokens() {}

    /**
     * Those of a checkpoint folder.
     *
     * @throws FormatException if a file names something that is no id of the vocabulary
     */
    public static Set<Integer> of(Path folder, DecoderConfig config, Optional<Tokenizer> tokenizer) {
        Path generation = folder.resolve(CheckpointFiles.GENERATION_CONFIG);
        JsonNode defaults = Files.exists(generation) ? Json.read(generation) : MissingNode.getInstance();
        return of(defaults, Optional.of(folder), config, tokenizer);
    }

    /**
     * The same.
     *
     * @param defaults the content of generation_config.json; a missing node if there is none
     * @param folder the checkpoint's, for messages; empty if there is none
     */
    static Set<Integer> of(
            JsonNode defaults, Optional<Path> folder, DecoderConfig config, Optional<Tokenizer> tokenizer) {
        UnaryOperator<String> file =
                name -> folder.map(own -> own.resolve(name).toString()).orElse(name);
        Set<Integer> ids = new LinkedHashSet<>();
        collect(defaults.path("eos_token_id"), file.apply(CheckpointFiles.GENERATION_CONFIG), config, ids);
        if (ids.isEmpty()) {
            collect(config.source().path("eos_token_id"), file.apply("config.json"), config, ids);
        }
        if (ids.isEmpty()) {
            String where = file.apply("tokenizer_config.json") + ", eos_token";
            tokenizer.ifPresent(t -> t.eosId().ifPresent(id -> add(id, where, config, ids)));
        }
        return ids;
    }

    private static void collect(JsonNode node, String where, DecoderConfig config, Set<Integer> ids) {
        if (node.isArray()) {
            for (JsonNode element : node) {
                addOne(element, where, config, ids);
            }
        } else if (!node.isNull() && !node.isMissingNode()) {
            addOne(node, where, config, ids);
        }
    }

    private static void addOne(JsonNode node, String where, DecoderConfig config, Set<Integer> ids) {
        if (!node.isIntegralNumber() || !node.canConvertToInt()) {
            throw new FormatException(
                    where,
                    "eos_token_id must be a token id or an array of them, found " + Json.excerpt(node),
                    "Correct the file");
        }
        add(node.intValue(), where + ", eos_token_id", config, ids);
    }

    private static void add(int id, String where, DecoderConfig config, Set<Integer> ids) {
        if (id < 0 || id >= config.vocabularySize()) {
            throw new FormatException(
                    where,
                    "the end token " + id + " is outside of the model's vocabulary of " + config.vocabularySize(),
                    "Use the file that belongs to the weights, or correct the id");
        }
        ids.add(id);
    }
}
