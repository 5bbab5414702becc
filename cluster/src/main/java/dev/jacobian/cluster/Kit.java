// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.gguf.GgufFile;
import dev.jacobian.tensor.KvCacheType;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.WeightFormats;
import dev.jacobian.transformer.lora.AdapterSource;
import dev.jacobian.transformer.lora.LoraConfigReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * All that makes a model somewhere else: the files of the checkpoint that it was loaded from, the adapter's configuration, and how numbers
 * are held. What is trained follows as weights, version after version.
 *
 * <p>Decision: the checkpoint's own files are sent rather than the model's numbers, so that quantized weights, GGUF files, tokenizers and end
 * tokens are read by the same code on both sides.
 *
 * @param files of the checkpoint
 * @param adapter PEFT's configuration of the adapter, if there is one
 * @param weights label of the formats
 * @param kvCache label of how keys and values are held
 */
record Kit(List<KitFile> files, Optional<ObjectNode> adapter, String weights, String kvCache) {
    /** Files beside weights that make a model what it is. */
    private static final Set<String> BESIDE = Set.of(
            "config.json",
            "generation_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "added_tokens.json",
            "vocab.json",
            "merges.txt",
            "chat_template.jinja",
            "model.safetensors.index.json");

    Kit {
        files = List.copyOf(files);
        long names = files.stream().map(KitFile::name).distinct().count();
        if (files.isEmpty() || names != files.size()) {
            throw Message.broken("a model", "it has no files, or two of one name");
        }
    }

    /**
     * The kit of a model.
     *
     * @param checkpoint the folder or GGUF file that it was loaded from
     * @throws IllegalArgumentException if it is not on the CPU
     */
    static Kit of(CausalLM model, Path checkpoint) {
        Product.requireCpu(model);
        List<KitFile> files = new ArrayList<>();
        try {
            for (Path file : files(checkpoint)) {
                files.add(KitFile.of(file));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the model at " + checkpoint + ": " + e.getMessage(), e);
        }
        Optional<ObjectNode> adapter =
                model.adapter().map(own -> fresh(own.config().source()));
        return new Kit(
                files,
                adapter,
                model.weightFormats().label(),
                model.kvCacheType().label());
    }

    /** How it begins does not matter, since its tensors are sent; some beginnings are only read. */
    private static ObjectNode fresh(ObjectNode source) {
        return source.deepCopy().put("init_lora_weights", true);
    }

    /** The files of a checkpoint, by name. */
    private static List<Path> files(Path checkpoint) throws IOException {
        if (GgufFile.isNamed(checkpoint)) {
            return List.of(checkpoint);
        }
        try (Stream<Path> all = Files.list(checkpoint)) {
            return all.filter(Files::isRegularFile)
                    .filter(file -> {
                        String name = file.getFileName().toString();
                        return BESIDE.contains(name) || name.endsWith(".safetensors") && !name.startsWith(".");
                    })
                    .sorted()
                    .toList();
        }
    }

    /** The file of a name, as the master has it. */
    static Path file(Path checkpoint, KitFile file) {
        return GgufFile.isNamed(checkpoint) ? checkpoint : checkpoint.resolve(file.name());
    }

    /** Loads the model from a folder in which all files are. */
    CausalLM load(Path folder) {
        WeightFormats formats = weights.equals(WeightFormats.AS_STORED_LABEL)
                ? new WeightFormats.AsStored(Map.of())
                : new WeightFormats.All(WeightFormat.parse(weights));
        ModelOptions options = ModelOptions.DEFAULT.weights(formats).kvCache(KvCacheType.parse(kvCache));
        String first = files.getFirst().name();
        Path path = files.size() == 1 && GgufFile.isNamed(Path.of(first)) ? folder.resolve(first) : folder;
        return adapter.map(json -> CausalLM.load(
                        path,
                        options,
                        new AdapterSource.Fresh(LoraConfigReader.parse(json, "the master's adapter"), 0)))
                .orElseGet(() -> CausalLM.load(path, options));
    }

    ObjectNode toJson() {
        ObjectNode json = Json.object().put("weights", weights).put("kv_cache", kvCache);
        ArrayNode list = json.putArray("files");
        files.forEach(file -> list.add(file.toJson()));
        adapter.ifPresent(own -> json.set("adapter", own));
        return json;
    }

    static Kit read(JsonNode json) {
        List<KitFile> files = new ArrayList<>();
        json.path("files").forEach(file -> files.add(KitFile.read(file)));
        Optional<ObjectNode> adapter =
                json.path("adapter") instanceof ObjectNode object ? Optional.of(object) : Optional.empty();
        return new Kit(
                files,
                adapter,
                json.path("weights").asText(),
                json.path("kv_cache").asText());
    }
}
