// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.gguf.GgufCheckpoint;
import dev.jacobian.io.gguf.GgufFile;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.io.tokenizer.TokenizerConfig;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.gguf.GgufModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What a model on disk says of itself, be it a folder in Hugging Face's form or a GGUF file, without its weights. */
public final class Checkpoints {
    private static final String TOKENIZER = "tokenizer.json";
    private static final String TOKENIZER_CONFIG = "tokenizer_config.json";

    private Checkpoints() {}

    /** Whether there is something of the kind at a path: a folder, or a file whose name ends as those of GGUF do. */
    public static boolean exist(Path path) {
        return Files.isDirectory(path) || GgufFile.isNamed(path) && Files.exists(path);
    }

    /**
     * The configuration.
     *
     * @throws dev.jacobian.io.FormatException if it is missing, broken or of a family that is not known
     */
    public static DecoderConfig config(Path path) {
        if (!GgufFile.isNamed(path)) {
            return Families.read(path);
        }
        try (GgufModel file = GgufModel.open(path)) {
            return file.config();
        }
    }

    /** How many tensors of each type a GGUF file has, in words. */
    public static String storedTypes(Path file) {
        try (GgufCheckpoint opened = GgufCheckpoint.open(file)) {
            Map<String, Long> counts = new TreeMap<>(opened.tensors().stream()
                    .collect(Collectors.groupingBy(tensor -> tensor.type().name(), Collectors.counting())));
            return counts.entrySet().stream()
                    .map(entry -> entry.getValue() + " " + entry.getKey())
                    .collect(Collectors.joining(", "));
        }
    }

    /** The formats in which the matrices of a GGUF file are held as they are, and the memory that this takes is planned. */
    public static WeightFormats storedFormats(Path file) {
        try (GgufModel opened = GgufModel.open(file)) {
            return new CheckpointWeights(opened.weights(), opened.plan(), file)
                    .formats(opened.config().plan(), opened.plan());
        }
    }

    /** The tokenizer; empty if there is none. */
    public static Optional<Tokenizer> tokenizer(Path path) {
        if (!GgufFile.isNamed(path)) {
            return Files.exists(path.resolve(TOKENIZER)) ? Optional.of(Tokenizer.load(path)) : Optional.empty();
        }
        try (GgufModel file = GgufModel.open(path)) {
            return tokenizer(file.companions(), path);
        }
    }

    /**
     * The same where there must be one.
     *
     * @throws RuntimeException if there is none, saying how to get it
     */
    public static Tokenizer requireTokenizer(Path path) {
        return tokenizer(path).orElseGet(() -> {
            if (GgufFile.isNamed(path)) {
                throw new FormatException(
                        path.toString(), "it has no tokenizer", "Use a file that has one, or pass token ids");
            }
            return Tokenizer.load(path); // which says what is missing
        });
    }

    /** The tokenizer among the small files that a GGUF file has. */
    static Optional<Tokenizer> tokenizer(Map<String, byte[]> companions, Path file) {
        byte[] json = companions.get(TOKENIZER);
        if (json == null) {
            return Optional.empty();
        }
        String where = file + ", tokenizer";
        byte[] config = companions.get(TOKENIZER_CONFIG);
        ObjectNode keys = config == null ? Json.object() : (ObjectNode) Json.parse(config, where);
        return Optional.of(Tokenizer.of(Json.parse(json, where), where, TokenizerConfig.of(keys, where)));
    }
}
