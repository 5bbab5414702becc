// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.transformer.config.DecoderConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The small files of a checkpoint beside config and weights: tokenizer, chat template, generation defaults. They are kept
 * byte for byte, so that a saved model carries exactly what it was loaded with.
 */
final class CheckpointFiles {
    static final String GENERATION_CONFIG = "generation_config.json";

    private static final List<String> KEPT = List.of(
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json",
            "vocab.json",
            "merges.txt",
            "chat_template.jinja",
            GENERATION_CONFIG);

    private static final long MAX_BYTES = 512L << 20;

    private final Map<String, byte[]> contents;
    private final Optional<Tokenizer> tokenizer;
    private final Set<Integer> generationEos;

    private CheckpointFiles(Map<String, byte[]> contents, Optional<Tokenizer> tokenizer, Set<Integer> generationEos) {
        this.contents = contents;
        this.tokenizer = tokenizer;
        this.generationEos = generationEos;
    }

    static CheckpointFiles none() {
        return new CheckpointFiles(Map.of(), Optional.empty(), Set.of());
    }

    static CheckpointFiles read(Path folder) {
        Map<String, byte[]> contents = new LinkedHashMap<>();
        for (String name : KEPT) {
            Path file = folder.resolve(name);
            if (Files.isRegularFile(file)) {
                contents.put(name, bytes(file));
            }
        }
        Optional<Tokenizer> tokenizer =
                contents.containsKey("tokenizer.json") ? Optional.of(Tokenizer.load(folder)) : Optional.empty();
        Set<Integer> eos = new LinkedHashSet<>();
        if (contents.containsKey(GENERATION_CONFIG)) {
            String where = folder.resolve(GENERATION_CONFIG).toString();
            collect(Json.parse(contents.get(GENERATION_CONFIG), where).path("eos_token_id"), where, eos);
        }
        return new CheckpointFiles(contents, tokenizer, eos);
    }

    private static byte[] bytes(Path file) {
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new FormatException(file.toString(), "the file is larger than 512 MiB", "Is it the right file?");
            }
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
    }

    Map<String, byte[]> contents() {
        return contents;
    }

    Optional<Tokenizer> tokenizer() {
        return tokenizer;
    }

    /** generation_config.json's word counts first: checkpoints correct their end tokens there. */
    Set<Integer> eosTokenIds(DecoderConfig config) {
        Set<Integer> ids = new LinkedHashSet<>(generationEos);
        if (ids.isEmpty()) {
            collect(config.source().path("eos_token_id"), "config.json", ids);
        }
        if (ids.isEmpty()) {
            tokenizer.ifPresent(t -> t.eosId().ifPresent(ids::add));
        }
        return ids;
    }

    private static void collect(JsonNode node, String where, Set<Integer> ids) {
        if (node.isArray()) {
            node.forEach(element -> collect(element, where, ids));
        } else if (node.isIntegralNumber() && node.canConvertToInt()) {
            ids.add(node.intValue());
        } else if (!node.isNull() && !node.isMissingNode()) {
            throw new FormatException(
                    where, "eos_token_id must be a token id or an array of them, found " + node, "Correct the file");
        }
    }
}
