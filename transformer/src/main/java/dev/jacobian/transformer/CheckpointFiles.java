// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.jacobian.io.InputFiles;
import dev.jacobian.io.Json;
import dev.jacobian.io.quantized.StoredWeights;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.tensor.DType;
import dev.jacobian.transformer.config.DecoderConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The small files of a checkpoint beside config and weights: tokenizer, chat template, generation defaults. They are kept
 * byte for byte, and so are the types of its tensors, so that a saved model carries exactly what it was loaded with.
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
    private final Map<String, DType> storedTypes;
    private final Optional<Tokenizer> tokenizer;
    private final JsonNode generationDefaults;
    private final Optional<String> folder;

    private CheckpointFiles(
            Map<String, byte[]> contents,
            Map<String, DType> storedTypes,
            Optional<Tokenizer> tokenizer,
            JsonNode generationDefaults,
            Optional<String> folder) {
        this.contents = contents;
        this.storedTypes = storedTypes;
        this.tokenizer = tokenizer;
        this.generationDefaults = generationDefaults;
        this.folder = folder;
    }

    static CheckpointFiles none() {
        return new CheckpointFiles(Map.of(), Map.of(), Optional.empty(), MissingNode.getInstance(), Optional.empty());
    }

    static CheckpointFiles read(Path folder) {
        Map<String, byte[]> contents = new LinkedHashMap<>();
        for (String name : KEPT) {
            Path file = folder.resolve(name);
            if (Files.exists(file)) {
                contents.put(name, InputFiles.read(file, MAX_BYTES, "files beside the weights"));
            }
        }
        Optional<Tokenizer> tokenizer =
                contents.containsKey("tokenizer.json") ? Optional.of(Tokenizer.load(folder)) : Optional.empty();
        return of(contents, tokenizer, folder, folder.resolve(GENERATION_CONFIG).toString());
    }

    /** What a GGUF file has of them. */
    static CheckpointFiles of(Map<String, byte[]> contents, Path file) {
        return of(contents, Checkpoints.tokenizer(contents, file), file, file.toString());
    }

    private static CheckpointFiles of(
            Map<String, byte[]> contents, Optional<Tokenizer> tokenizer, Path from, String where) {
        JsonNode defaults = contents.containsKey(GENERATION_CONFIG)
                ? Json.parse(contents.get(GENERATION_CONFIG), where)
                : MissingNode.getInstance();
        return new CheckpointFiles(contents, Map.of(), tokenizer, defaults, Optional.of(from.toString()));
    }

    /** The same with the types of the tensors that the weights have been loaded from. */
    CheckpointFiles withTypes(StoredWeights weights) {
        Map<String, DType> types = new HashMap<>();
        weights.names().forEach(name -> types.put(name, weights.type(name)));
        return new CheckpointFiles(contents, types, tokenizer, generationDefaults, folder);
    }

    /** The folder, or the GGUF file, that they come from. */
    Optional<String> folder() {
        return folder;
    }

    /** The type that a tensor of the checkpoint had; F32 if it had none. */
    DType storedType(String tensor) {
        return storedTypes.getOrDefault(tensor, DType.F32);
    }

    Map<String, byte[]> contents() {
        return contents;
    }

    Optional<Tokenizer> tokenizer() {
        return tokenizer;
    }

    /** The ids that end a sequence; see {@link EndTokens}. */
    Set<Integer> eosTokenIds(DecoderConfig config) {
        return EndTokens.of(generationDefaults, folder.map(Path::of), config, tokenizer);
    }
}
